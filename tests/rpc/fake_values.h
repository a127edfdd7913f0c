/* SPDX-License-Identifier: Apache-2.0
 *
 * The stand-in's slices, byte buffers, arrays, times and other values without behaviour. See
 * fake_core.h.
 */
#ifndef TESTS_RPC_FAKE_VALUES_H
#define TESTS_RPC_FAKE_VALUES_H

#include "base/str.h"

#include <grpc/grpc.h>

/* Counts objects of the core that come alive (+1) or go (-1). */
void fake_count(int change);

/* A byte buffer with a copy of the bytes. */
grpc_byte_buffer *fake_buffer_new(struct str bytes);

#endif

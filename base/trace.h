/* SPDX-License-Identifier: Apache-2.0
 *
 * W3C Trace Context (https://www.w3.org/TR/trace-context/): the header "traceparent", by which a
 * call says to which trace it belongs, such as
 * "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", and "tracestate", which goes with it
 * and has what systems of tracing know of it, each its own, such as
 * "congo=t61rcWkgMzE,rojo=00f067aa".
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include "base/arena.h"

#define TRACE_HEADER       "traceparent"
#define TRACE_STATE_HEADER "tracestate"

enum { TRACE_PARENT_LEN = 55, TRACE_ID_LEN = 32, TRACE_STATE_MAX = 512 };

/* What a header says, as version 00 writes it. False for one that is not to be believed, which is
 * ignored: no hex digits in lower case where they have to be, ids of zeros, version ff. A version
 * to come is read as far as 00 goes, and what its flags mean beyond "sampled" is not known. */
bool trace_parent_read(struct str header, char out[TRACE_PARENT_LEN + 1]) MUST_CHECK;

/* The same of a call that has `count` such headers, in the arena; empty unless it has one, and that
 * is to be believed. */
struct str trace_parent_of(struct str header, size_t count, struct arena *arena);

/* What a call's `count` tracestate headers say, in the arena: the members of the list, in their
 * order, with a comma between. Empty unless there is one header, which is well formed, of at most
 * TRACE_STATE_MAX bytes and 32 members, no key twice; of a damaged one nothing is kept. It counts
 * only beside a traceparent that is to be believed. */
struct str trace_state_of(struct str header, size_t count, struct arena *arena);

/* The trace's id in what trace_parent_read gave; empty for the empty text. */
struct str trace_id_of(struct str trace_parent);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The few macros of the house. None hides control flow.
 */
#ifndef BASE_DEFS_H
#define BASE_DEFS_H

#include "base/banned.h" // IWYU pragma: export

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The result must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* The function takes a printf format as parameter f and its values from parameter v on. */
#define PRINTF_LIKE(f, v) __attribute__((format(printf, f, v)))

/* Calls fn with the variable's address when it leaves scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define BIT(n) (1U << (unsigned)(n))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of which ptr is the given member. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif

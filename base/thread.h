/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads and timed waits, without their boilerplate. Waits go by clock_monotonic_ms(), so that
 * setting the wall clock moves none of them.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/defs.h"

#include <pthread.h>

/* Starts a thread. A system that cannot give one stops the process, as it does without memory. */
void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/* A condition for thread_wait_until. Destroy with pthread_cond_destroy. */
void thread_condition_init(pthread_cond_t *condition);

/* Waits until the condition is signalled or the time comes; false when the time has come. May
 * return early, as all waits: ask in a loop. */
bool thread_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline_ms);

/* Sleeps, whatever signals come. */
void thread_sleep_ms(int64_t ms);

#endif

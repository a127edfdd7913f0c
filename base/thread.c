/* SPDX-License-Identifier: Apache-2.0
 *
 * See thread.h.
 */
#include "base/thread.h"

#include <errno.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    if (pthread_create(thread, NULL, run, arg) == 0)
        return;
    (void)fprintf(stderr, "exportq: the system gives no more threads; stopping\n");
    abort();
}

void thread_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool thread_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline_ms)
{
    struct timespec at = {.tv_sec = deadline_ms / MS_PER_S,
                          .tv_nsec = deadline_ms % MS_PER_S * NS_PER_MS};
    return pthread_cond_timedwait(condition, mutex, &at) != ETIMEDOUT;
}

void thread_sleep_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / MS_PER_S, .tv_nsec = ms % MS_PER_S * NS_PER_MS};
    while (nanosleep(&left, &left) != 0) {
    }
}

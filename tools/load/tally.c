/* SPDX-License-Identifier: Apache-2.0
 *
 * See tally.h.
 */
#include "tools/load/tally.h"

#include "base/mem.h"

#include <sys/resource.h>

enum { FIRST_CAPACITY = 1024, US_PER_S = 1000000, NS_PER_US = 1000 };

void tally_done(struct tally *tally)
{
    free(tally->took_us);
    *tally = (struct tally){0};
}

static void reserve(struct tally *tally, size_t more)
{
    size_t capacity = tally->capacity ? tally->capacity : FIRST_CAPACITY;
    while (capacity < tally->count + more)
        capacity *= 2;
    if (capacity == tally->capacity)
        return;
    tally->took_us = mem_resize_array(tally->took_us, capacity, sizeof *tally->took_us);
    tally->capacity = capacity;
}

void tally_add(struct tally *tally, int64_t took_us)
{
    reserve(tally, 1);
    tally->took_us[tally->count++] = took_us;
}

void tally_join(struct tally *tally, const struct tally *other)
{
    reserve(tally, other->count);
    for (size_t i = 0; i < other->count; i++)
        tally->took_us[tally->count++] = other->took_us[i];
    tally->refused += other->refused;
    tally->failed += other->failed;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static double percentile_ms(const struct tally *tally, size_t percent)
{
    if (!tally->count)
        return 0;
    size_t at = (tally->count - 1) * percent / 100;
    return (double)tally->took_us[at] / 1e3;
}

static double cpu_s(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / US_PER_S;
}

void tally_print(struct tally *tally, int64_t wall_us)
{
    if (tally->count)
        qsort(tally->took_us, tally->count, sizeof *tally->took_us, compare);
    (void)printf("{\"ok\": %zu, \"refused\": %zu, \"failed\": %zu, \"seconds\": %.3f, "
                 "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"cpu_s\": %.3f}\n",
                 tally->count, tally->refused, tally->failed, (double)wall_us / US_PER_S,
                 percentile_ms(tally, 50), percentile_ms(tally, 99), percentile_ms(tally, 100),
                 cpu_s());
}

int64_t tally_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the time of a check tells about a token: kinds of tokens, each token a fresh one, are
 * checked in random order, each with its own clock reading, and Welch's t of their times is
 * printed. Of each kind the slowest twentieth is left out, which is when the kernel had other
 * things to do. Beyond ±4.5 two kinds differ (dudect: Reparaz, Balasch, Verbauwhede, 2017). It
 * prints and judges nothing. That a good token and a bad one differ is no secret, for the answer
 * says so; where a MAC is wrong is one.
 *
 *     token_timing [TRIALS]    of each kind; 10000 unless said
 */
#include "base/base64.h"
#include "base/digest.h"
#include "base/mem.h"
#include "server/token.h"

#include <math.h>

enum { TRIALS = 10000, WARM_UP = 2000, KEPT_PERCENT = 95, MAC_DIGITS = 43 };

enum kind { GOOD, BAD_FIRST, BAD_LAST, BAD_MIDDLE, UNKNOWN_KEY, EXPIRED, KINDS };

static const char *const names[KINDS] = {
    [GOOD] = "good",
    [BAD_FIRST] = "MAC wrong in its first byte",
    [BAD_LAST] = "MAC wrong in its last byte",
    [BAD_MIDDLE] = "MAC wrong in its middle",
    [UNKNOWN_KEY] = "unknown key",
    [EXPIRED] = "good, expired",
};

struct series {
    double *times; /* ns */
    size_t count;
    double mean;
    double variance;
    size_t kept;
};

static double now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static size_t place_of(enum kind kind)
{
    if (kind == BAD_FIRST)
        return 0;
    return kind == BAD_MIDDLE ? SHA256_SIZE / 2 : SHA256_SIZE - 1;
}

static void make_text(struct keyring *ring, enum kind kind, struct buf *out)
{
    struct token token = {.expires_s = kind == EXPIRED ? 1 : INT64_C(4000000000)};
    struct buf mac CLEANUP(buf_done);
    digest_random(&token.job, sizeof token.job);
    buf_init(&mac, SHA256_SIZE);
    buf_clear(out);
    token_sign(ring, &token, out);
    struct str digits = {out->ptr + out->len - MAC_DIGITS, MAC_DIGITS};
    if (!base64url_decode(digits, &mac))
        abort();
    if (kind == BAD_FIRST || kind == BAD_MIDDLE || kind == BAD_LAST)
        mac.ptr[place_of(kind)] ^= 1;
    out->len -= MAC_DIGITS;
    base64url_encode(mac.ptr, mac.len, out);
    if (kind == UNKNOWN_KEY)
        out->ptr[3] ^= 1; /* "v1.kX." */
}

/* All texts have the same place in memory, for places differ in time. */
static void check(struct keyring *ring, enum kind kind, struct buf *text, struct series *series,
                  bool counts)
{
    struct token token;
    struct err err = {0};
    make_text(ring, kind, text);
    double begin = now_ns();
    bool is_good = token_verify(ring, buf_str(text), INT64_C(2000000000000), &token, &err);
    double end = now_ns();
    if (is_good != (kind == GOOD))
        abort();
    if (counts)
        series->times[series->count++] = end - begin;
}

/* One of each kind, shuffled: Fisher and Yates, inside out. */
static void check_each(struct keyring *ring, struct buf *text, struct series *series, bool counts)
{
    enum kind order[KINDS] = {GOOD};
    for (size_t i = 0; i < KINDS; i++) {
        uint32_t random = 0;
        digest_random(&random, sizeof random);
        size_t at = random % (i + 1);
        order[i] = order[at];
        order[at] = (enum kind)i;
    }
    for (size_t i = 0; i < KINDS; i++)
        check(ring, order[i], text, &series[order[i]], counts);
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static void summarize(struct series *series)
{
    double sum = 0;
    double squares = 0;
    qsort(series->times, series->count, sizeof(double), compare);
    series->kept = series->count * KEPT_PERCENT / 100;
    for (size_t i = 0; i < series->kept; i++)
        sum += series->times[i];
    series->mean = sum / (double)series->kept;
    for (size_t i = 0; i < series->kept; i++)
        squares += (series->times[i] - series->mean) * (series->times[i] - series->mean);
    series->variance = squares / (double)(series->kept - 1);
}

static double welch(const struct series *a, const struct series *b)
{
    return (a->mean - b->mean) /
           sqrt(a->variance / (double)a->kept + b->variance / (double)b->kept);
}

static void print(struct series *series)
{
    static const enum kind pairs[][2] = {{BAD_FIRST, BAD_LAST},
                                         {BAD_FIRST, BAD_MIDDLE},
                                         {UNKNOWN_KEY, BAD_LAST},
                                         {GOOD, BAD_LAST},
                                         {GOOD, EXPIRED}};
    for (size_t i = 0; i < KINDS; i++) {
        summarize(&series[i]);
        (void)printf("%-28s %7.0f ns, median %5.0f, deviation %5.0f, n %zu\n", names[i],
                     series[i].mean, series[i].times[series[i].count / 2], sqrt(series[i].variance),
                     series[i].count);
    }
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        (void)printf("Welch's t %7.2f: %s / %s\n",
                     welch(&series[pairs[i][0]], &series[pairs[i][1]]), names[pairs[i][0]],
                     names[pairs[i][1]]);
}

int main(int argc, char **argv)
{
    int64_t trials = TRIALS;
    struct keyring *ring = NULL;
    struct err err = {0};
    struct series series[KINDS] = {0};
    struct buf text CLEANUP(buf_done);
    buf_init(&text, TOKEN_MAX_BYTES);
    if (argc > 2 || (argc == 2 && (!str_to_int64(str_of(argv[1]), &trials) || trials < 100)) ||
        !keyring_new(STR("k1:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="), &ring, &err)) {
        (void)fprintf(stderr, "usage: token_timing [TRIALS]\n");
        return 2;
    }
    for (size_t i = 0; i < KINDS; i++) {
        series[i].times = mem_new_array((size_t)trials, sizeof(double));
    }
    for (int64_t i = -WARM_UP; i < trials; i++)
        check_each(ring, &text, series, i >= 0);
    print(series);
    for (size_t i = 0; i < KINDS; i++) {
        free(series[i].times);
    }
    keyring_free(ring);
    return 0;
}

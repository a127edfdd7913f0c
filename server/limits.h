/* SPDX-License-Identifier: Apache-2.0
 *
 * What one owner, and all together, may take of this server: exports created and download tokens
 * asked for in a minute, watches and downloads open at a time. Each limit counts its refusals,
 * those too that are decided elsewhere. Whoever asks does so before anything else is done, so that
 * a refusal changes nothing.
 *
 * Memory is bounded, whatever names callers give themselves: an owner is remembered while it holds
 * something, of which there is so much in all, and until its minute is over, so many at a time; who
 * comes when those are full shares one owner's allowance with all the others who do. So no flood of
 * names makes the server forget an owner that is being limited.
 *
 * Thread-safe.
 */
#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

enum limit {
    LIMIT_ACTIVE,          /* the store decides */
    LIMIT_CREATED,         /* of one owner in a minute */
    LIMIT_TOKENS,          /* the same */
    LIMIT_OWNER_WATCHES,   /* of one owner */
    LIMIT_WATCHES,         /* in all */
    LIMIT_OWNER_DOWNLOADS, /* of one owner */
    LIMIT_DOWNLOADS,       /* in all */
    LIMIT_FILTERS,         /* of one job; convert.h decides, as on the next two */
    LIMIT_COLUMNS,
    LIMIT_VALUES, /* of one filter */
    LIMIT_CALLS,  /* in all; rpc/ decides, as on the next */
    LIMIT_CONNECTIONS,
    LIMIT_METADATA, /* of one call */
    LIMIT_COUNT
};

struct limits_options {
    const struct clock *clock; /* the steady one is asked */
    int64_t most[LIMIT_COUNT]; /* LIMIT_CREATED, LIMIT_TOKENS: 0 for none */
    size_t max_owners;         /* remembered for what they took in a minute; 0: 16384 */
};

struct limits;

/* Never NULL. The clock outlives it. */
struct limits *limits_new(const struct limits_options *options);

/* Everything was given back. NULL is fine. */
void limits_free(struct limits *limits);

/* Its setting. */
const char *limits_name(enum limit limit);

/* What was set. */
int64_t limits_most(const struct limits *limits, enum limit limit);

/* Counts a refusal that was decided elsewhere. */
void limits_count_refusal(struct limits *limits, enum limit limit);

/* One more export of this owner, or ERR_LIMIT with the time until the next. An owner that was quiet
 * may create its minute's number at once; they come back one by one, evenly over a minute. */
bool limits_take_create(struct limits *limits, struct str owner, struct err *err) MUST_CHECK;

/* The same for one more download token. */
bool limits_take_token(struct limits *limits, struct str owner, struct err *err) MUST_CHECK;

/* A place that is taken, to be given back. The zero value is none. */
struct limits_place {
    struct limits *limits;
    struct limits_owner *owner;
    unsigned kind;
};

/* ERR_LIMIT with retry_after_ms: the owner has as many open as it may, or the server has. */
bool limits_take_watch(struct limits *limits, struct str owner, struct limits_place *out,
                       struct err *err) MUST_CHECK;
bool limits_take_download(struct limits *limits, struct str owner, struct limits_place *out,
                          struct err *err) MUST_CHECK;

/* Makes it the zero value; that is fine, too. */
void limits_give_back(struct limits_place *place);

/* How a limit stands. */
struct limit_use {
    const char *name; /* of the setting */
    int64_t most;
    int64_t in_use;  /* by all, or by the owner that has most; 0 for what is decided elsewhere */
    int64_t refused; /* since the start */
};

void limits_read(struct limits *limits, struct limit_use out[LIMIT_COUNT]);

/* Who knows how those stand that are decided elsewhere: called at the end of each read. Before the
 * first, once; `data` outlives the last. */
void limits_set_reader(struct limits *limits,
                       void (*read)(void *data, struct limit_use out[LIMIT_COUNT]), void *data);

#endif

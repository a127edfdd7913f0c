/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit: who did what with which job, when, and from where. A store writes an entry in the same
 * step as the change it tells of, so neither is ever there without the other; nobody changes or
 * removes one. What the queue does by itself (it runs, fails, expires, forgets) is no act.
 */
#ifndef QUEUE_AUDIT_H
#define QUEUE_AUDIT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/uuid.h"

enum audit_action {
    AUDIT_CREATE,
    AUDIT_CANCEL,
    AUDIT_RETRY,
    AUDIT_DELETE,
    AUDIT_TOKEN,    /* a download token was asked for */
    AUDIT_DOWNLOAD, /* a token opened the file, from its first byte */
    AUDIT_RESUME,   /* the same, from a later byte */
    AUDIT_RESEND,   /* a webhook of the job's end was asked for once more */
    AUDIT_ACTION_COUNT
};

enum { AUDIT_ALL_ACTIONS = BIT(AUDIT_ACTION_COUNT) - 1 };

/* Who acts. */
struct actor {
    struct str name;    /* the owner it calls as; empty: not known, as who only has a token */
    struct str address; /* of the other end; empty: not known */
};

struct audit_entry {
    int64_t number; /* from 1, rising with time; none is given twice */
    int64_t at_ms;
    enum audit_action action; /* AUDIT_ACTION_COUNT: one that a newer version wrote */
    struct actor actor;
    struct uuid job;
    struct str owner; /* the job's */
    struct str type;  /* the job's */
};

struct audit_query {
    int64_t before;   /* keyset paging: only entries with a number below; 0: any */
    struct str actor; /* empty: anybody's */
    struct str owner; /* empty: any */
    bool has_job;
    struct uuid job;
    unsigned actions; /* BIT(enum audit_action)…; 0: any */
    int64_t since_ms; /* 0: any */
    int64_t until_ms; /* only before this; 0: any */
    size_t limit;     /* 1 to 1000 */
};

/* "create", "cancel", "retry", "delete", "token", "download", "resume", "resend"; "unknown" for
 * a newer version's. */
const char *audit_action_name(enum audit_action action);

/* AUDIT_ACTION_COUNT: no such name. */
enum audit_action audit_action_of(struct str name);

/* Whether the entry is one of those asked for, whatever the limit. */
bool audit_matches(const struct audit_query *query, const struct audit_entry *entry);

#endif

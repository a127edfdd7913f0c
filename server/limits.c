/* SPDX-License-Identifier: Apache-2.0
 *
 * See limits.h. What an owner took of a rate is one number, the time at which all of its allowance
 * is back (the generic cell rate algorithm): a create, or a token, moves it on by its share of a
 * minute, and it may not be further ahead than a minute.
 */
#include "server/limits.h"

#include "base/list.h"
#include "base/mem.h"
#include "queue/heap.h"
#include "queue/index.h"

#include <pthread.h>

enum {
    OWNERS_MAX = 16384,
    FORGET_AT_ONCE = 4, /* more than a call adds */
    RETRY_AFTER_MS = 1000,
    NS_PER_MS = 1000000,
};

static const int64_t minute_ns = INT64_C(60000000000);

/* What is taken, and comes back with the time. */
enum rate { CREATE, TOKEN, RATE_COUNT };

/* What is held and given back. */
enum kind { WATCH, DOWNLOAD, KIND_COUNT };

struct limits_owner {
    struct index_node index_node;
    struct heap_node heap_node;
    struct list node;
    int64_t held[KIND_COUNT];
    int64_t full_ns[RATE_COUNT]; /* when an allowance is whole again; in the past: it is */
    size_t name_len;
    char name[];
};

struct limits {
    struct limits_options options;
    int64_t share_ns[RATE_COUNT]; /* of a minute, for one; 0: no limit */
    void (*read)(void *data, struct limit_use out[LIMIT_COUNT]); /* NULL: nobody knows more */
    void *reader;

    pthread_mutex_t mutex; /* guards all below */
    struct index by_name;
    struct heap by_idleness; /* first who can be forgotten soonest */
    struct list owners;
    size_t holders;                   /* owners that hold something */
    int64_t strangers_ns[RATE_COUNT]; /* full_ns of those who are not remembered */
    int64_t held[KIND_COUNT];
    int64_t refused[LIMIT_COUNT];
};

static const char *const names[LIMIT_COUNT] = {
    [LIMIT_ACTIVE] = "EXPORT_MAX_ACTIVE_PER_USER",
    [LIMIT_CREATED] = "EXPORT_MAX_CREATED_PER_MINUTE",
    [LIMIT_TOKENS] = "EXPORT_MAX_TOKENS_PER_MINUTE",
    [LIMIT_OWNER_WATCHES] = "EXPORT_MAX_WATCHES_PER_USER",
    [LIMIT_WATCHES] = "EXPORT_MAX_WATCHES",
    [LIMIT_OWNER_DOWNLOADS] = "EXPORT_MAX_DOWNLOADS_PER_USER",
    [LIMIT_DOWNLOADS] = "EXPORT_MAX_DOWNLOADS",
    [LIMIT_FILTERS] = "EXPORT_MAX_FILTERS",
    [LIMIT_COLUMNS] = "EXPORT_MAX_COLUMNS",
    [LIMIT_VALUES] = "EXPORT_MAX_VALUES",
    [LIMIT_CALLS] = "EXPORT_MAX_CALLS",
    [LIMIT_CONNECTIONS] = "EXPORT_MAX_CONNECTIONS",
    [LIMIT_METADATA] = "EXPORT_MAX_METADATA_BYTES",
};

/* The limit of a rate, and the words of its refusals. */
static const struct {
    enum limit limit;
    const char *of_owner; /* up to the number */
    const char *what;
    const char *way_out;
    const char *of_strangers; /* what more owners do than are told apart */
} rates[RATE_COUNT] = {
    [CREATE] = {LIMIT_CREATED, "you have created", "exports", "create the next one later",
                "create exports"},
    [TOKEN] = {LIMIT_TOKENS, "you have asked for", "download tokens", "ask for the next one later",
               "ask for download tokens"},
};

/* Which limits a kind has, and what a refusal says: after a number, and before the setting. */
static const struct {
    enum limit of_owner;
    enum limit of_all;
    const char *what;
    const char *way_out; /* for the owner */
} kinds[KIND_COUNT] = {
    [WATCH] = {LIMIT_OWNER_WATCHES, LIMIT_WATCHES, "watches",
               "end one, or watch all jobs in one by giving no id"},
    [DOWNLOAD] = {LIMIT_OWNER_DOWNLOADS, LIMIT_DOWNLOADS, "downloads",
                  "wait until one has ended; the token is still good"},
};

static struct limits_owner *owner_of(const struct heap_node *node)
{
    return CONTAINER_OF(node, struct limits_owner, heap_node);
}

static bool holds(const struct limits_owner *owner)
{
    return owner->held[WATCH] || owner->held[DOWNLOAD];
}

/* When all of its allowances are whole again. */
static int64_t all_full_ns(const struct limits_owner *owner)
{
    int64_t last = owner->full_ns[0];
    for (size_t i = 1; i < RATE_COUNT; i++)
        if (last < owner->full_ns[i])
            last = owner->full_ns[i];
    return last;
}

static bool is_idle_before(const struct heap_node *a, const struct heap_node *b)
{
    const struct limits_owner *one = owner_of(a);
    const struct limits_owner *other = owner_of(b);
    if (holds(one) != holds(other))
        return holds(other);
    return all_full_ns(one) < all_full_ns(other);
}

struct limits *limits_new(const struct limits_options *options)
{
    struct limits *limits = mem_new(struct limits);
    limits->options = *options;
    if (!limits->options.max_owners)
        limits->options.max_owners = OWNERS_MAX;
    for (size_t i = 0; i < RATE_COUNT; i++)
        if (options->most[rates[i].limit])
            limits->share_ns[i] = minute_ns / options->most[rates[i].limit];
    pthread_mutex_init(&limits->mutex, NULL);
    index_init(&limits->by_name);
    heap_init(&limits->by_idleness, is_idle_before);
    list_init(&limits->owners);
    return limits;
}

/* ---- Owners, with the mutex held ---- */

static void forget(struct limits *limits, struct limits_owner *owner)
{
    index_remove(&limits->by_name, &owner->index_node);
    heap_remove(&limits->by_idleness, &owner->heap_node);
    list_remove(&owner->node);
    free(owner);
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    struct heap_node *node = NULL;
    while ((node = heap_first(&limits->by_idleness)))
        forget(limits, owner_of(node));
    heap_done(&limits->by_idleness);
    index_done(&limits->by_name);
    pthread_mutex_destroy(&limits->mutex);
    free(limits);
}

static int64_t now_of(const struct limits *limits)
{
    return clock_steady_ms(limits->options.clock) * NS_PER_MS;
}

/* Whether all is as if it had never been here. */
static bool is_idle(const struct limits_owner *owner, int64_t now_ns)
{
    return !holds(owner) && all_full_ns(owner) <= now_ns;
}

static void forget_idle(struct limits *limits, int64_t now_ns)
{
    for (int i = 0; i < FORGET_AT_ONCE; i++) {
        struct heap_node *first = heap_first(&limits->by_idleness);
        if (!first || !is_idle(owner_of(first), now_ns))
            return;
        forget(limits, owner_of(first));
    }
}

static struct limits_owner *find(const struct limits *limits, struct str name, uint64_t hash)
{
    struct index_node *node = index_first(&limits->by_name, hash);
    for (; node; node = index_next(node)) {
        struct limits_owner *owner = CONTAINER_OF(node, struct limits_owner, index_node);
        if (str_equal((struct str){owner->name, owner->name_len}, name))
            return owner;
    }
    return NULL;
}

/* Remembers an owner that find did not find. Call forget_idle first. */
static struct limits_owner *enter(struct limits *limits, struct str name, uint64_t hash,
                                  int64_t now_ns)
{
    struct limits_owner *owner = mem_new_array(1, sizeof *owner + name.len);
    memcpy(owner->name, name.ptr, name.len);
    owner->name_len = name.len;
    for (size_t i = 0; i < RATE_COUNT; i++)
        owner->full_ns[i] = now_ns;
    index_add(&limits->by_name, &owner->index_node, hash);
    list_push(&limits->owners, &owner->node);
    heap_put(&limits->by_idleness, &owner->heap_node);
    return owner;
}

/* ---- Rates ---- */

/* Moves *full_ns on by one share. If that is too far: by how much, and *full_ns stays. */
static int64_t take_share(int64_t share_ns, int64_t *full_ns, int64_t now_ns)
{
    int64_t full = (*full_ns > now_ns ? *full_ns : now_ns) + share_ns;
    if (full - now_ns > minute_ns)
        return full - now_ns - minute_ns;
    *full_ns = full;
    return 0;
}

static bool refuse_rate(const struct limits *limits, enum rate rate, bool is_known,
                        int64_t early_ns, struct err *err)
{
    int64_t most = limits->options.most[rates[rate].limit];
    const char *name = names[rates[rate].limit];
    if (is_known)
        (void)err_set(err, ERR_LIMIT, "%s %lld %s within a minute, which is the limit (%s); %s",
                      rates[rate].of_owner, (long long)most, rates[rate].what, name,
                      rates[rate].way_out);
    else
        (void)err_set(err, ERR_LIMIT,
                      "more owners %s than the server tells apart, and together they have %lld a "
                      "minute (%s); try again later",
                      rates[rate].of_strangers, (long long)most, name);
    return err_retry_after(err, (early_ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* The owner, remembered from now on; NULL: there is no room for one more that holds nothing. */
static struct limits_owner *taker(struct limits *limits, struct str name, int64_t now_ns)
{
    uint64_t hash = index_hash(&limits->by_name, 0, name);
    struct limits_owner *owner = find(limits, name, hash);
    if (owner)
        return owner;
    forget_idle(limits, now_ns);
    bool has_room = limits->by_name.count - limits->holders < limits->options.max_owners;
    return has_room ? enter(limits, name, hash, now_ns) : NULL;
}

static bool take_of_rate(struct limits *limits, enum rate rate, struct str owner, struct err *err)
{
    int64_t share_ns = limits->share_ns[rate];
    if (!share_ns)
        return true;
    pthread_mutex_lock(&limits->mutex);
    int64_t now_ns = now_of(limits);
    struct limits_owner *known = taker(limits, owner, now_ns);
    int64_t *full_ns = known ? known->full_ns : limits->strangers_ns;
    int64_t early_ns = take_share(share_ns, &full_ns[rate], now_ns);
    if (known)
        heap_put(&limits->by_idleness, &known->heap_node);
    limits->refused[rates[rate].limit] += early_ns > 0;
    pthread_mutex_unlock(&limits->mutex);
    return early_ns == 0 || refuse_rate(limits, rate, known != NULL, early_ns, err);
}

bool limits_take_create(struct limits *limits, struct str owner, struct err *err)
{
    return take_of_rate(limits, CREATE, owner, err);
}

bool limits_take_token(struct limits *limits, struct str owner, struct err *err)
{
    return take_of_rate(limits, TOKEN, owner, err);
}

/* ---- What is held ---- */

static bool refuse_place(struct limits *limits, enum kind kind, enum limit limit, struct err *err)
{
    bool is_of_owner = limit == kinds[kind].of_owner;
    (void)err_set(err, ERR_LIMIT, "%s %lld %s open, which is the limit (%s); %s",
                  is_of_owner ? "the owner has" : "the server has",
                  (long long)limits->options.most[limit], kinds[kind].what, names[limit],
                  is_of_owner ? kinds[kind].way_out : "try again soon");
    return err_retry_after(err, RETRY_AFTER_MS);
}

/* Counts a place as held or, with -1, as given back. With the mutex held. */
static void count_place(struct limits *limits, struct limits_owner *owner, unsigned kind,
                        int change)
{
    limits->holders -= holds(owner);
    owner->held[kind] += change;
    limits->held[kind] += change;
    limits->holders += holds(owner);
    heap_put(&limits->by_idleness, &owner->heap_node);
}

/* Which limit is reached; LIMIT_COUNT: none. With the mutex held. */
static enum limit reached(const struct limits *limits, const struct limits_owner *owner,
                          enum kind kind)
{
    if (owner && owner->held[kind] >= limits->options.most[kinds[kind].of_owner])
        return kinds[kind].of_owner;
    if (limits->held[kind] >= limits->options.most[kinds[kind].of_all])
        return kinds[kind].of_all;
    return LIMIT_COUNT;
}

static bool take_place(struct limits *limits, enum kind kind, struct str name,
                       struct limits_place *out, struct err *err)
{
    pthread_mutex_lock(&limits->mutex);
    uint64_t hash = index_hash(&limits->by_name, 0, name);
    struct limits_owner *owner = find(limits, name, hash);
    enum limit limit = reached(limits, owner, kind);
    if (limit == LIMIT_COUNT) {
        if (!owner) {
            int64_t now_ns = now_of(limits);
            forget_idle(limits, now_ns);
            owner = enter(limits, name, hash, now_ns);
        }
        count_place(limits, owner, kind, 1);
        *out = (struct limits_place){limits, owner, kind};
    } else {
        limits->refused[limit]++;
    }
    pthread_mutex_unlock(&limits->mutex);
    return limit == LIMIT_COUNT || refuse_place(limits, kind, limit, err);
}

bool limits_take_watch(struct limits *limits, struct str owner, struct limits_place *out,
                       struct err *err)
{
    return take_place(limits, WATCH, owner, out, err);
}

bool limits_take_download(struct limits *limits, struct str owner, struct limits_place *out,
                          struct err *err)
{
    return take_place(limits, DOWNLOAD, owner, out, err);
}

void limits_give_back(struct limits_place *place)
{
    struct limits *limits = place->limits;
    if (!limits)
        return;
    pthread_mutex_lock(&limits->mutex);
    count_place(limits, place->owner, place->kind, -1);
    if (is_idle(place->owner, now_of(limits)))
        forget(limits, place->owner);
    pthread_mutex_unlock(&limits->mutex);
    *place = (struct limits_place){0};
}

/* ---- What is told ---- */

const char *limits_name(enum limit limit)
{
    return names[limit];
}

int64_t limits_most(const struct limits *limits, enum limit limit)
{
    return limits->options.most[limit];
}

void limits_count_refusal(struct limits *limits, enum limit limit)
{
    pthread_mutex_lock(&limits->mutex);
    limits->refused[limit]++;
    pthread_mutex_unlock(&limits->mutex);
}

static void raise_to(int64_t *most, int64_t value)
{
    if (*most < value)
        *most = value;
}

/* Raises what is in use of each rate to how many of one owner's are not back yet. */
static void raise_rates(const struct limits *limits, const int64_t full_ns[RATE_COUNT],
                        int64_t now_ns, struct limit_use *out)
{
    for (size_t i = 0; i < RATE_COUNT; i++) {
        int64_t share_ns = limits->share_ns[i];
        if (share_ns && full_ns[i] > now_ns)
            raise_to(&out[rates[i].limit].in_use, (full_ns[i] - now_ns + share_ns - 1) / share_ns);
    }
}

void limits_read(struct limits *limits, struct limit_use out[LIMIT_COUNT])
{
    pthread_mutex_lock(&limits->mutex);
    int64_t now_ns = now_of(limits);
    for (unsigned i = 0; i < LIMIT_COUNT; i++)
        out[i] = (struct limit_use){names[i], limits->options.most[i], 0, limits->refused[i]};
    out[LIMIT_WATCHES].in_use = limits->held[WATCH];
    out[LIMIT_DOWNLOADS].in_use = limits->held[DOWNLOAD];
    raise_rates(limits, limits->strangers_ns, now_ns, out);
    for (struct list *node = limits->owners.next; node != &limits->owners; node = node->next) {
        const struct limits_owner *owner = CONTAINER_OF(node, struct limits_owner, node);
        raise_rates(limits, owner->full_ns, now_ns, out);
        raise_to(&out[LIMIT_OWNER_WATCHES].in_use, owner->held[WATCH]);
        raise_to(&out[LIMIT_OWNER_DOWNLOADS].in_use, owner->held[DOWNLOAD]);
    }
    pthread_mutex_unlock(&limits->mutex);
    if (limits->read)
        limits->read(limits->reader, out);
}

void limits_set_reader(struct limits *limits,
                       void (*read)(void *data, struct limit_use out[LIMIT_COUNT]), void *data)
{
    limits->read = read;
    limits->reader = data;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_memory.h. Here: who is to be told of ends. Leases go by the steady clock, all else by
 * the wall clock.
 */
#include "base/digest.h"
#include "base/mem.h"
#include "queue/refusal.h"
#include "queue/store_memory.h"

enum { LOOK_AROUND = 1000 }; /* deliveries that are held up, to find those of others behind */

struct memory_delivery {
    struct list by_age;
    struct list by_state; /* leased or settled */
    struct heap_node in_due;
    struct arena arena;
    struct arena result; /* the reason: anew with each outcome */
    struct delivery delivery;
    int64_t lease_until_ms; /* steady */
    bool has_lapsed;        /* the last lease ran out */
};

static bool is_due_before(const struct heap_node *a, const struct heap_node *b)
{
    const struct memory_delivery *first = CONTAINER_OF(a, const struct memory_delivery, in_due);
    const struct memory_delivery *second = CONTAINER_OF(b, const struct memory_delivery, in_due);
    return first->delivery.next_ms == second->delivery.next_ms
               ? first->delivery.number < second->delivery.number
               : first->delivery.next_ms < second->delivery.next_ms;
}

void memory_outbox_init(struct memory_outbox *outbox)
{
    list_init(&outbox->all);
    list_init(&outbox->leased);
    list_init(&outbox->settled);
    heap_init(&outbox->due, is_due_before);
}

static void forget(struct memory_outbox *outbox, struct memory_delivery *entry)
{
    list_remove(&entry->by_age);
    list_remove(&entry->by_state);
    heap_remove(&outbox->due, &entry->in_due);
    outbox->count--;
    arena_done(&entry->arena);
    arena_done(&entry->result);
    free(entry);
}

void memory_outbox_done(struct memory_outbox *outbox)
{
    while (!list_is_empty(&outbox->all))
        forget(outbox, CONTAINER_OF(outbox->all.next, struct memory_delivery, by_age));
    heap_done(&outbox->due);
    arena_done(&outbox->arena);
}

/* ---- Writing ---- */

static void make_room(struct memory_outbox *outbox)
{
    if (outbox->count < STORE_MEMORY_MAX_DELIVERIES)
        return;
    if (list_is_empty(&outbox->settled))
        forget(outbox, CONTAINER_OF(outbox->all.next, struct memory_delivery, by_age));
    else
        forget(outbox, CONTAINER_OF(outbox->settled.next, struct memory_delivery, by_state));
}

static void write_one(struct memory_outbox *outbox, const struct job *job, struct str url)
{
    struct memory_delivery *entry = mem_new(struct memory_delivery);
    struct delivery delivery = {
        .number = ++outbox->last,
        .url = url,
        .job = *job,
        .created_ms = job->completed_ms,
        .next_ms = job->completed_ms,
    };
    digest_random(&delivery.id, sizeof delivery.id);
    make_room(outbox);
    delivery_copy(&entry->arena, &delivery, &entry->delivery);
    list_init(&entry->by_state);
    list_push(&outbox->all, &entry->by_age);
    heap_put(&outbox->due, &entry->in_due);
    outbox->count++;
}

static bool is_told(const struct memory_subscriber *subscriber, const struct job *job)
{
    struct str owner = subscriber->who.owner;
    return !subscriber->is_gone && (str_is_empty(owner) || str_equal(owner, job->owner));
}

/* Whether the job names the URL of a subscriber, or one before it has it, too. */
static bool is_told_already(const struct memory_outbox *outbox, size_t subscriber,
                            const struct job *job)
{
    struct str url = outbox->told[subscriber].who.url;
    if (str_equal(url, job->spec.webhook_url))
        return true;
    for (size_t i = 0; i < subscriber; i++)
        if (is_told(&outbox->told[i], job) && str_equal(outbox->told[i].who.url, url))
            return true;
    return false;
}

void memory_outbox_write(struct memory_store *store, const struct job *job)
{
    struct memory_outbox *outbox = &store->outbox;
    if (!str_is_empty(job->spec.webhook_url))
        write_one(outbox, job, job->spec.webhook_url);
    for (size_t i = 0; i < outbox->told_count; i++)
        if (is_told(&outbox->told[i], job) && !is_told_already(outbox, i, job))
            write_one(outbox, job, outbox->told[i].who.url);
}

/* ---- Who is told ---- */

static bool is_same(const struct subscriber *a, const struct subscriber *b)
{
    return str_equal(a->owner, b->owner) && str_equal(a->url, b->url);
}

static const struct memory_subscriber *find_told(const struct memory_outbox *outbox,
                                                 const struct subscriber *who)
{
    for (size_t i = 0; i < outbox->told_count; i++)
        if (is_same(&outbox->told[i].who, who))
            return &outbox->told[i];
    return NULL;
}

static struct subscriber copy_subscriber(struct arena *arena, const struct subscriber *who)
{
    return (struct subscriber){arena_copy_str(arena, who->owner), arena_copy_str(arena, who->url)};
}

/* Those of `told` that were not there. */
static struct subscribers find_added(const struct memory_outbox *outbox,
                                     const struct subscribers *told, struct arena *arena)
{
    struct subscriber *added = arena_alloc_array(arena, told->count, sizeof *added);
    size_t count = 0;
    for (size_t i = 0; i < told->count; i++)
        if (!find_told(outbox, &told->list[i]))
            added[count++] = copy_subscriber(arena, &told->list[i]);
    return (struct subscribers){added, count};
}

static struct subscribers find_removed(const struct memory_outbox *outbox,
                                       const struct subscribers *told, struct arena *arena)
{
    struct subscriber *removed = arena_alloc_array(arena, outbox->told_count, sizeof *removed);
    size_t count = 0;
    for (size_t i = 0; i < outbox->told_count; i++) {
        size_t at = 0;
        while (at < told->count && !is_same(&told->list[at], &outbox->told[i].who))
            at++;
        if (at == told->count)
            removed[count++] = copy_subscriber(arena, &outbox->told[i].who);
    }
    return (struct subscribers){removed, count};
}

static void set_told(struct memory_outbox *outbox, const struct subscribers *told)
{
    struct arena arena = {0};
    struct memory_subscriber *list = arena_alloc_array(&arena, told->count, sizeof *list);
    for (size_t i = 0; i < told->count; i++) {
        const struct memory_subscriber *before = find_told(outbox, &told->list[i]);
        list[i] = (struct memory_subscriber){.who = copy_subscriber(&arena, &told->list[i]),
                                             .is_gone = before && before->is_gone};
    }
    arena_done(&outbox->arena);
    outbox->arena = arena;
    outbox->told = list;
    outbox->told_count = told->count;
}

bool memory_set_webhooks(struct store *base, const struct subscribers *told, struct arena *arena,
                         struct subscribers_change *out, struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    out->added = find_added(&store->outbox, told, arena);
    out->removed = find_removed(&store->outbox, told, arena);
    set_told(&store->outbox, told);
    pthread_mutex_unlock(&store->mutex);
    return true;
}

/* ---- Claiming ---- */

/* Whose lease ran out is due again. */
static void take_back(struct memory_outbox *outbox, int64_t steady_ms)
{
    struct list *next = NULL;
    for (struct list *node = outbox->leased.next; node != &outbox->leased; node = next) {
        next = node->next;
        struct memory_delivery *entry = CONTAINER_OF(node, struct memory_delivery, by_state);
        if (entry->lease_until_ms > steady_ms)
            continue;
        list_remove(node);
        heap_put(&outbox->due, &entry->in_due);
        entry->has_lapsed = true;
    }
}

static bool is_told_of_all(const struct memory_outbox *outbox, struct str url)
{
    const struct subscriber of_all = {.url = url};
    return find_told(outbox, &of_all) != NULL;
}

/* Whether its URL, or whose job it is, has enough under way. */
static bool is_busy(const struct memory_outbox *outbox, const struct delivery *delivery)
{
    size_t of_url = 0;
    size_t of_owner = 0;
    for (const struct list *node = outbox->leased.next; node != &outbox->leased;
         node = node->next) {
        const struct delivery *leased =
            &CONTAINER_OF(node, struct memory_delivery, by_state)->delivery;
        of_url += str_equal(leased->url, delivery->url);
        of_owner += str_equal(leased->job.owner, delivery->job.owner) &&
                    !is_told_of_all(outbox, leased->url);
    }
    return of_url >= DELIVERY_MAX_OF_URL ||
           (of_owner >= DELIVERY_MAX_OF_OWNER && !is_told_of_all(outbox, delivery->url));
}

static struct memory_delivery *take_due(struct memory_outbox *outbox, int64_t now_ms)
{
    struct heap_node *first = heap_first(&outbox->due);
    struct memory_delivery *entry =
        first ? CONTAINER_OF(first, struct memory_delivery, in_due) : NULL;
    if (!entry || entry->delivery.next_ms > now_ms)
        return NULL;
    heap_remove(&outbox->due, first);
    return entry;
}

static void settle(struct memory_store *store, struct memory_delivery *entry,
                   const struct delivery_outcome *outcome)
{
    struct memory_outbox *outbox = &store->outbox;
    struct delivery *delivery = &entry->delivery;
    arena_done(&entry->result);
    entry->has_lapsed = false;
    delivery->failures += outcome->is_failure;
    delivery->state = outcome->state;
    delivery->status = outcome->status;
    delivery->reason = arena_copy_str(&entry->result, outcome->reason);
    list_remove(&entry->by_state);
    heap_remove(&outbox->due, &entry->in_due);
    if (outcome->state == DELIVERY_PENDING) {
        delivery->next_ms = memory_now(store) + outcome->delay_ms;
        heap_put(&outbox->due, &entry->in_due);
        return;
    }
    delivery->settled_ms = memory_now(store);
    list_push(&outbox->settled, &entry->by_state);
}

static bool is_over(const struct memory_store *store, const struct memory_delivery *entry)
{
    return entry->has_lapsed &&
           entry->delivery.created_ms <= memory_now(store) - DELIVERY_MAX_AGE_MS;
}

/* A due delivery has its turn. */
static void take(struct memory_store *store, struct memory_delivery *entry)
{
    const struct delivery_outcome died = {.state = DELIVERY_GIVEN_UP,
                                          .status = entry->delivery.status,
                                          .reason = STR(DELIVERY_DIED_REASON)};
    if (is_over(store, entry)) {
        settle(store, entry, &died);
        return;
    }
    list_push(&store->outbox.leased, &entry->by_state);
    entry->delivery.attempt++;
    entry->lease_until_ms = memory_steady(store) + DELIVERY_LEASE_MS;
    entry->has_lapsed = false;
}

static size_t claim(struct memory_store *store, size_t limit, struct arena *arena,
                    struct delivery *out)
{
    struct memory_outbox *outbox = &store->outbox;
    struct list aside; /* who has enough under way */
    size_t count = 0;
    list_init(&aside);
    take_back(outbox, memory_steady(store));
    for (size_t looked = 0; count < limit && looked < limit + LOOK_AROUND; looked++) {
        struct memory_delivery *entry = take_due(outbox, memory_now(store));
        if (!entry)
            break;
        if (is_busy(outbox, &entry->delivery)) {
            list_push(&aside, &entry->by_state);
            continue;
        }
        take(store, entry);
        delivery_copy(arena, &entry->delivery, &out[count++]);
    }
    for (struct list *node = list_pop(&aside); node; node = list_pop(&aside))
        heap_put(&outbox->due, &CONTAINER_OF(node, struct memory_delivery, by_state)->in_due);
    return count;
}

bool memory_claim_deliveries(struct store *base, size_t limit, struct arena *arena,
                             const struct delivery **out, size_t *out_count, struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct delivery *deliveries = arena_alloc_array(arena, limit, sizeof *deliveries);
    (void)err;
    *out = deliveries;
    pthread_mutex_lock(&store->mutex);
    *out_count = claim(store, limit, arena, deliveries);
    pthread_mutex_unlock(&store->mutex);
    return true;
}

/* ---- Settling ---- */

static struct memory_delivery *holder(struct memory_outbox *outbox, const struct delivery *claimed)
{
    for (struct list *node = outbox->leased.next; node != &outbox->leased; node = node->next) {
        struct memory_delivery *entry = CONTAINER_OF(node, struct memory_delivery, by_state);
        if (uuid_equal(entry->delivery.id, claimed->id) &&
            entry->delivery.attempt == claimed->attempt)
            return entry;
    }
    return NULL;
}

/* Nobody tells the URL any more. */
static void give_up_url(struct memory_store *store, struct str url,
                        const struct delivery_outcome *outcome)
{
    struct memory_outbox *outbox = &store->outbox;
    struct delivery_outcome untold = *outcome;
    untold.is_failure = false;
    for (size_t i = 0; i < outbox->told_count; i++)
        outbox->told[i].is_gone |= str_equal(outbox->told[i].who.url, url);
    for (struct list *node = outbox->all.next; node != &outbox->all; node = node->next) {
        struct memory_delivery *entry = CONTAINER_OF(node, struct memory_delivery, by_age);
        if (entry->delivery.state == DELIVERY_PENDING && str_equal(entry->delivery.url, url))
            settle(store, entry, &untold);
    }
}

bool memory_settle_delivery(struct store *base, const struct delivery *delivery,
                            const struct delivery_outcome *outcome, bool *out_is_mine,
                            struct err *err)
{
    struct memory_store *store = memory_of(base);
    (void)err;
    pthread_mutex_lock(&store->mutex);
    struct memory_delivery *entry = holder(&store->outbox, delivery);
    if (entry)
        settle(store, entry, outcome);
    if (entry && outcome->is_gone)
        give_up_url(store, delivery->url, outcome);
    pthread_mutex_unlock(&store->mutex);
    *out_is_mine = entry != NULL;
    return true;
}

/* ---- The log ---- */

bool memory_list_deliveries(struct store *base, const struct delivery_query *query,
                            struct arena *arena, const struct delivery **out, size_t *out_count,
                            struct err *err)
{
    struct memory_store *store = memory_of(base);
    struct delivery *deliveries = arena_alloc_array(arena, query->limit, sizeof *deliveries);
    const struct list *all = &store->outbox.all;
    size_t count = 0;
    (void)err;
    pthread_mutex_lock(&store->mutex);
    for (struct list *node = all->prev; node != all && count < query->limit; node = node->prev) {
        const struct delivery *delivery =
            &CONTAINER_OF(node, struct memory_delivery, by_age)->delivery;
        if (delivery_matches(query, delivery))
            delivery_copy(arena, delivery, &deliveries[count++]);
    }
    pthread_mutex_unlock(&store->mutex);
    *out = deliveries;
    *out_count = count;
    return true;
}

static struct memory_delivery *find(struct memory_outbox *outbox,
                                    const struct delivery_again *again)
{
    for (struct list *node = outbox->all.next; node != &outbox->all; node = node->next) {
        struct memory_delivery *entry = CONTAINER_OF(node, struct memory_delivery, by_age);
        bool is_owned =
            str_is_empty(again->owner) || str_equal(again->owner, entry->delivery.job.owner);
        if (uuid_equal(entry->delivery.id, again->id))
            return is_owned ? entry : NULL;
    }
    return NULL;
}

static bool is_under_way(const struct memory_delivery *entry)
{
    return entry->delivery.state == DELIVERY_PENDING && !list_is_empty(&entry->by_state);
}

static void send_now(struct memory_store *store, struct memory_delivery *entry)
{
    list_remove(&entry->by_state);
    entry->delivery.state = DELIVERY_PENDING;
    entry->delivery.next_ms = memory_now(store);
    entry->delivery.settled_ms = 0;
    entry->has_lapsed = false;
    heap_put(&store->outbox.due, &entry->in_due);
}

bool memory_resend_delivery(struct store *base, const struct delivery_again *again,
                            struct arena *arena, struct delivery *out, unsigned *out_acts,
                            struct err *err)
{
    struct memory_store *store = memory_of(base);
    pthread_mutex_lock(&store->mutex);
    struct memory_delivery *entry = find(&store->outbox, again);
    if (entry && !is_under_way(entry)) {
        send_now(store, entry);
        memory_note(store, AUDIT_RESEND, &again->actor, &entry->delivery.job, out_acts);
    }
    if (entry)
        delivery_copy(arena, &entry->delivery, out);
    pthread_mutex_unlock(&store->mutex);
    return entry || refuse_unknown_delivery(again->id, err);
}

/* Those that nobody sends come first among the due. */
static struct memory_delivery *find_old(struct memory_store *store)
{
    struct memory_outbox *outbox = &store->outbox;
    const struct heap_node *due = heap_first(&outbox->due);
    struct memory_delivery *first = due ? CONTAINER_OF(due, struct memory_delivery, in_due) : NULL;
    if (first && first->delivery.next_ms <= memory_now(store) - DELIVERY_FORSAKEN_MS)
        return first;
    if (list_is_empty(&outbox->settled))
        return NULL;
    struct memory_delivery *settled =
        CONTAINER_OF(outbox->settled.next, struct memory_delivery, by_state);
    bool is_over = settled->delivery.settled_ms <= memory_now(store) - store->options.retention_ms;
    return is_over ? settled : NULL;
}

void memory_outbox_prune(struct memory_store *store, size_t limit)
{
    for (size_t count = 0; count < limit; count++) {
        struct memory_delivery *old = find_old(store);
        if (!old)
            return;
        forget(&store->outbox, old);
    }
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See webhooks.h. The outbox is looked at four times a second, and at once after something was
 * settled or when there was more than could be taken. A store that does not answer is logged when
 * that begins; the leases of what could not be handed in run out, and it is told once more.
 */
#include "server/webhooks.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "server/subscribers.h"
#include "webhook/payload.h"
#include "webhook/post.h"
#include "webhook/signature.h"
#include "webhook/url.h"
#include "webhook/verdict.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
    UNDER_WAY_MAX = 128,
    LOOK_EVERY_MS = 250,
    SECOND_MS = 1000,
    SIGNATURES_MAX_BYTES = 1024,
};

struct under_way {
    bool is_used;
    struct arena arena; /* of the delivery and all that is sent */
    struct delivery delivery;
};

struct webhooks {
    struct arena arena;              /* of the settings */
    struct webhook_secrets *secrets; /* NULL: off */
    struct subscribers told;         /* besides the URLs of jobs */
    bool says_who;                   /* else those stay told who were */
    bool allows_private;
    int64_t retry_base_ms;
    int64_t timeout_ms;
    const char *ca_path; /* NULL: the system's authorities */
    struct store *store;
    struct metrics *metrics;
    struct poster *poster; /* NULL: not started */
    pthread_t thread;
    atomic_llong end_ms; /* monotonic; 0: none yet */
    /* the thread's own */
    struct under_way under_way[UNDER_WAY_MAX];
    size_t count;
    int64_t look_ms; /* monotonic: when to look next */
    bool is_done;    /* a look after the end had come found nothing */
    bool has_failed;
};

/* ---- Settings ---- */

static void tell_secrets(const char *path, const struct err *failure)
{
    if (failure)
        log_event(LOG_ERROR, "webhook.secrets_reload_failed", "reason=%s", failure->text);
    else
        log_event(LOG_INFO, "webhook.secrets_reloaded", "file=%s", path);
}

/* NULL: there are none. */
static bool open_secrets(const struct settings *settings, struct webhook_secrets **out,
                         struct err *err)
{
    if (str_is_empty(settings->webhook_secret))
        return true;
    return str_is_empty(settings->webhook_secret_file)
               ? webhook_secrets_new(settings->webhook_secret, out, err)
               : webhook_secrets_open(settings->webhook_secret_file.ptr, tell_secrets, out, err);
}

static bool take_settings(struct webhooks *webhooks, const struct settings *settings,
                          struct err *err)
{
    webhooks->allows_private = settings->webhook_allows_private;
    webhooks->retry_base_ms = settings->webhook_retry_base_ms;
    webhooks->timeout_ms = settings->webhook_timeout_ms;
    if (!str_is_empty(settings->webhook_ca))
        webhooks->ca_path = arena_copy_text(&webhooks->arena, settings->webhook_ca);
    if (webhooks->ca_path && access(webhooks->ca_path, R_OK) != 0)
        return err_set_field(err, "EXPORT_WEBHOOK_CA", "EXPORT_WEBHOOK_CA: %s cannot be read",
                             webhooks->ca_path);
    if (!open_secrets(settings, &webhooks->secrets, err))
        return false;
    webhooks->says_who = !str_is_empty(settings->webhook_urls);
    if (!subscribers_read(settings->webhook_urls, webhooks->allows_private, &webhooks->arena,
                          &webhooks->told, err))
        return false;
    if (!webhooks->secrets && webhooks->told.count > 0)
        return err_set_field(err, "EXPORT_WEBHOOK_SECRET",
                             "EXPORT_WEBHOOK_URLS takes EXPORT_WEBHOOK_SECRET, which signs what is "
                             "sent; make one with: echo whsec_$(openssl rand -base64 32)");
    return true;
}

bool webhooks_new(const struct settings *settings, struct webhooks **out, struct err *err)
{
    *out = mem_new(struct webhooks);
    return take_settings(*out, settings, err);
}

void webhooks_free(struct webhooks *webhooks)
{
    if (!webhooks)
        return;
    webhook_secrets_free(webhooks->secrets);
    arena_done(&webhooks->arena);
    free(webhooks);
}

bool webhooks_require_on(const struct webhooks *webhooks, struct err *err)
{
    return (webhooks && webhooks->secrets) ||
           err_set(err, ERR_NOT_READY,
                   "this server sends no webhooks; EXPORT_WEBHOOK_SECRET turns them on");
}

bool webhooks_check_url(const struct webhooks *webhooks, struct str url, struct err *err)
{
    if (!webhooks || !webhooks->secrets)
        return err_set_field(err, "webhook_url",
                             "this server sends no webhooks (EXPORT_WEBHOOK_SECRET); leave the "
                             "URL out");
    return webhook_check_url(url, webhooks->allows_private, "webhook_url", err);
}

/* ---- The log and the metrics ---- */

static void tell_store(struct webhooks *webhooks, const struct err *failure)
{
    if (failure && !webhooks->has_failed)
        log_event(LOG_WARNING, "webhook.store_failed", "code=%s reason=%s",
                  err_code_name(failure->code), failure->text);
    if (!failure && webhooks->has_failed)
        log_event(LOG_INFO, "webhook.store_recovered", "%s", "");
    webhooks->has_failed = failure != NULL;
}

/* Of a URL the host alone, here and below: the rest may hold a secret. */
static void tell_subscribers(const struct subscribers *subscribers, const char *change)
{
    for (size_t i = 0; i < subscribers->count; i++) {
        struct arena arena CLEANUP(arena_done) = {0};
        const struct subscriber *one = &subscribers->list[i];
        struct str host = webhook_host(one->url, &arena);
        struct log_line line;
        log_begin(&line, LOG_INFO, "webhook.urls");
        log_add(&line, "change=%s host=%.*s", change, STR_ARG(host));
        if (!str_is_empty(one->owner))
            log_add(&line, "owner=%.*s", STR_ARG(one->owner));
        log_end(&line);
    }
}

static void begin_line(struct log_line *line, const struct delivery_outcome *outcome)
{
    switch (outcome->state) {
    case DELIVERY_DELIVERED:
        log_begin(line, LOG_INFO, "webhook.delivered");
        return;
    case DELIVERY_PENDING:
        log_begin(line, LOG_WARNING, "webhook.failed");
        return;
    case DELIVERY_GIVEN_UP:
    case DELIVERY_STATE_COUNT:
        break;
    }
    log_begin(line, LOG_WARNING, "webhook.given_up");
}

static void tell_outcome(struct webhooks *webhooks, struct under_way *entry,
                         const struct post_answer *answer, const struct delivery_outcome *outcome)
{
    const struct delivery *delivery = &entry->delivery;
    struct log_line line;
    char job[UUID_TEXT_LEN + 1];
    char id[UUID_TEXT_LEN + 1];
    struct str host = webhook_host(delivery->url, &entry->arena);
    uuid_format(delivery->job.id, job);
    uuid_format(delivery->id, id);
    begin_line(&line, outcome);
    log_add(&line, "job=%s delivery=%s host=%.*s attempt=%d status=%d duration_ms=%lld", job, id,
            STR_ARG(host), (int)delivery->attempt, (int)outcome->status,
            (long long)answer->duration_ms);
    log_add(&line, "reason=%.*s", STR_ARG(outcome->reason));
    if (outcome->state == DELIVERY_PENDING)
        log_add(&line, "retry_in_ms=%lld", (long long)outcome->delay_ms);
    if (outcome->is_gone)
        log_add(&line, "gone=%d", 1);
    log_end(&line);
    metrics_webhook_tried(webhooks->metrics, outcome->state);
}

/* ---- Settling ---- */

static void forget(struct webhooks *webhooks, struct under_way *entry)
{
    arena_done(&entry->arena);
    entry->is_used = false;
    webhooks->count--;
    webhooks->look_ms = 0; /* there is room again, and its URL may have its turn */
}

static void settle(struct webhooks *webhooks, struct under_way *entry,
                   const struct post_answer *answer)
{
    struct trial trial = {.attempt = entry->delivery.failures + 1,
                          .base_ms = webhooks->retry_base_ms};
    struct delivery_outcome outcome;
    struct err err;
    bool is_mine = false;
    digest_random(&trial.random, sizeof trial.random);
    verdict_find(answer, &trial, &entry->arena, &outcome);
    bool is_settled =
        store_settle_delivery(webhooks->store, &entry->delivery, &outcome, &is_mine, &err);
    tell_store(webhooks, is_settled ? NULL : &err);
    tell_outcome(webhooks, entry, answer, &outcome);
    forget(webhooks, entry);
}

static void settle_answer(void *target, void *user, const struct post_answer *answer)
{
    settle(target, user, answer);
}

/* What is under way when the end comes: it may have arrived, and is told again all the same. */
static void hand_back(struct webhooks *webhooks)
{
    const struct delivery_outcome outcome = {.state = DELIVERY_PENDING,
                                             .reason = STR("the server ended")};
    for (size_t i = 0; i < UNDER_WAY_MAX; i++) {
        struct under_way *entry = &webhooks->under_way[i];
        struct err err;
        bool is_mine = false;
        if (!entry->is_used)
            continue;
        bool is_settled =
            store_settle_delivery(webhooks->store, &entry->delivery, &outcome, &is_mine, &err);
        tell_store(webhooks, is_settled ? NULL : &err);
        forget(webhooks, entry);
    }
}

/* ---- Sending ---- */

static struct under_way *free_place(struct webhooks *webhooks)
{
    size_t i = 0;
    while (webhooks->under_way[i].is_used)
        i++;
    return &webhooks->under_way[i];
}

static void post(struct webhooks *webhooks, struct under_way *entry)
{
    struct arena *arena = &entry->arena;
    struct buf signature CLEANUP(buf_done);
    char id[UUID_TEXT_LEN + 1];
    int64_t seconds = clock_now_ms(store_clock(webhooks->store)) / SECOND_MS;
    struct str body = webhook_payload(&entry->delivery, arena);
    uuid_format(entry->delivery.id, id);
    buf_init(&signature, SIGNATURES_MAX_BYTES);
    webhook_sign(webhooks->secrets, str_of(id), seconds, body, &signature);
    const char *const headers[] = {
        arena_printf(arena, "webhook-id: %s", id).ptr,
        arena_printf(arena, "webhook-timestamp: %" PRId64, seconds).ptr,
        arena_printf(arena, "webhook-signature: %.*s", STR_ARG(buf_str(&signature))).ptr,
    };
    const struct post request = {
        .url = arena_copy_text(arena, entry->delivery.url),
        .body = body,
        .headers = headers,
        .header_count = COUNT_OF(headers),
    };
    poster_start(webhooks->poster, &request, entry);
}

/* The rules may be others than when the job was made. */
static void begin(struct webhooks *webhooks, const struct delivery *delivery)
{
    struct under_way *entry = free_place(webhooks);
    struct err err;
    entry->is_used = true;
    webhooks->count++;
    delivery_copy(&entry->arena, delivery, &entry->delivery);
    struct post_answer refused = {.status = 0};
    if (delivery->state == DELIVERY_GIVEN_UP) {
        const struct delivery_outcome died = {
            .state = DELIVERY_GIVEN_UP, .status = delivery->status, .reason = delivery->reason};
        tell_outcome(webhooks, entry, &refused, &died);
        forget(webhooks, entry);
        return;
    }
    if (webhook_check_url(delivery->url, webhooks->allows_private, "webhook_url", &err)) {
        post(webhooks, entry);
        return;
    }
    (void)snprintf(refused.reason, sizeof refused.reason, "%.*s", POST_REASON_SIZE - 1, err.text);
    settle(webhooks, entry, &refused);
}

static void look(struct webhooks *webhooks)
{
    struct arena arena CLEANUP(arena_done) = {0};
    const struct delivery *deliveries = NULL;
    size_t count = 0;
    size_t room = UNDER_WAY_MAX - webhooks->count;
    struct err err;
    int64_t now_ms = clock_monotonic_ms();
    if (room == 0 || now_ms < webhooks->look_ms)
        return;
    webhooks->look_ms = now_ms + LOOK_EVERY_MS;
    bool is_last = atomic_load(&webhooks->end_ms) != 0;
    bool is_ok = store_claim_deliveries(webhooks->store, room, &arena, &deliveries, &count, &err);
    tell_store(webhooks, is_ok ? NULL : &err);
    webhooks->is_done = is_last && count == 0;
    for (size_t i = 0; i < count; i++)
        begin(webhooks, &deliveries[i]);
}

/* ---- The thread ---- */

static int64_t wait_ms(const struct webhooks *webhooks)
{
    int64_t left_ms = webhooks->look_ms - clock_monotonic_ms();
    if (webhooks->count == UNDER_WAY_MAX || left_ms > LOOK_EVERY_MS)
        return LOOK_EVERY_MS;
    return left_ms > 0 ? left_ms : 0;
}

static bool is_over(const struct webhooks *webhooks)
{
    int64_t end_ms = (int64_t)atomic_load(&webhooks->end_ms);
    bool is_done = webhooks->count == 0 && webhooks->is_done;
    return end_ms && (is_done || clock_monotonic_ms() >= end_ms);
}

static void *run(void *arg)
{
    struct webhooks *webhooks = arg;
    bool knows_end = false;
    while (!is_over(webhooks)) {
        if (!knows_end && atomic_load(&webhooks->end_ms)) {
            knows_end = true;
            webhooks->look_ms = 0; /* jobs may just have ended */
        }
        look(webhooks);
        poster_run(webhooks->poster, wait_ms(webhooks), settle_answer, webhooks);
    }
    hand_back(webhooks);
    return NULL;
}

static bool set_subscribers(const struct webhooks *webhooks, struct store *store, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct subscribers_change change = {0};
    if (!webhooks->says_who)
        return true;
    if (!store_set_webhooks(store, &webhooks->told, &arena, &change, err))
        return false;
    tell_subscribers(&change.added, "added");
    tell_subscribers(&change.removed, "removed");
    return true;
}

bool webhooks_start(struct webhooks *webhooks, struct store *store, struct metrics *metrics,
                    struct err *err)
{
    if (!set_subscribers(webhooks, store, err))
        return false;
    if (!webhooks->secrets)
        return true;
    const struct poster_options options = {
        .allows_private = webhooks->allows_private,
        .timeout_ms = webhooks->timeout_ms,
        .ca_path = webhooks->ca_path,
        .user_agent = "exportq/" EXPORTQ_VERSION,
    };
    webhooks->store = store;
    webhooks->metrics = metrics;
    webhooks->poster = poster_new(&options);
    thread_start(&webhooks->thread, run, webhooks);
    return true;
}

void webhooks_stop(struct webhooks *webhooks, int64_t grace_ms)
{
    if (!webhooks || !webhooks->poster)
        return;
    atomic_store(&webhooks->end_ms, clock_monotonic_ms() + grace_ms + 1);
    poster_wake(webhooks->poster);
    (void)pthread_join(webhooks->thread, NULL);
    poster_free(webhooks->poster);
    webhooks->poster = NULL;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The log of webhooks as a caller asks for it: whose it sees, what is told of each, what is
 * refused, how pages follow each other, and who may have one sent once more.
 */
#include "base/log.h"
#include "server/convert.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIST_INIT EXPORTQUEUE__V1__LIST_WEBHOOK_DELIVERIES_REQUEST__INIT

static const struct caller alice = {.owner = {"alice", 5}, .address = {"192.0.2.1", 9}};
static const struct caller bob = {.owner = {"bob", 3}, .address = {"192.0.2.2", 9}};
static const struct caller admin = {
    .owner = {"root", 4}, .is_admin = true, .address = {"192.0.2.3", 9}};

struct world {
    struct store *store;
    struct limits *limits;
    struct webhooks *webhooks;
    struct exports exports;
    struct arena arena;
    struct err err;
};

static int begin(void **state)
{
    static struct world world;
    const struct store_options options = store_options_default();
    const struct limits_options limits = {.clock = &clock_system, .most = {[LIMIT_CREATED] = 4}};
    const struct settings settings = {.webhook_secret =
                                          STR("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")};
    world = (struct world){.store = store_memory_new(&options, &clock_system, NULL),
                           .limits = limits_new(&limits)};
    assert_true(webhooks_new(&settings, &world.webhooks, &world.err));
    world.exports.store = world.store;
    world.exports.limits = world.limits;
    world.exports.webhooks = world.webhooks;
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    webhooks_free(world->webhooks);
    limits_free(world->limits);
    store_free(world->store);
    arena_done(&world->arena);
    return 0;
}

/* A cancelled job, whose end somebody is to be told. */
static struct job ended(struct world *world, const struct caller *caller)
{
    const struct actor actor = {caller->owner, caller->address};
    const struct job_draft draft = {
        .actor = actor,
        .owner = caller->owner,
        .spec = {.type = STR("trades"),
                 .format = STR("csv"),
                 .webhook_url = STR("https://hooks.example.org:8443/T0/hush?key=hush")}};
    struct job job;
    assert_true(store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    assert_true(store_cancel(world->store, job.id, &actor, &world->arena, &job, NULL, &world->err));
    return job;
}

static bool list(struct world *world, const struct caller *caller,
                 const Exportqueue__V1__ListWebhookDeliveriesRequest *message,
                 struct exports_deliveries_page *out)
{
    struct exports_deliveries_request request;
    world->err = (struct err){0};
    return convert_deliveries_request(message, &request, &world->err) &&
           exports_list_deliveries(&world->exports, caller, &request, &world->arena, out,
                                   &world->err);
}

static char *id_text(struct world *world, struct uuid id)
{
    char *text = arena_alloc(&world->arena, UUID_TEXT_LEN + 1);
    uuid_format(id, text);
    return text;
}

/* The one delivery of alice's jobs. */
static struct delivery the_one(struct world *world)
{
    const Exportqueue__V1__ListWebhookDeliveriesRequest message = LIST_INIT;
    struct exports_deliveries_page page = {0};
    assert_true(list(world, &alice, &message, &page));
    assert_int_equal(page.count, 1);
    return page.deliveries ? page.deliveries[0] : (struct delivery){0};
}

static void who_asks_sees_its_own_and_an_admin_all(void **state)
{
    struct world *world = *state;
    struct job of_alice = ended(world, &alice);
    (void)ended(world, &bob);
    char *id = id_text(world, of_alice.id);
    const struct {
        const struct caller *caller;
        char *job_id;
        bool all_owners;
        int count; /* -1: refused */
    } rows[] = {
        {&alice, NULL, false, 1}, {&alice, id, false, 1}, {&alice, NULL, true, -1},
        {&bob, NULL, false, 1},   {&bob, id, false, 0},   {&bob, id, true, -1},
        {&admin, NULL, false, 0}, {&admin, id, false, 1}, {&admin, NULL, true, 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Exportqueue__V1__ListWebhookDeliveriesRequest message = LIST_INIT;
        struct exports_deliveries_page page = {0};
        message.all_owners = rows[i].all_owners;
        if (rows[i].job_id)
            message.job_id = rows[i].job_id;
        assert_int_equal(list(world, rows[i].caller, &message, &page), rows[i].count >= 0);
        if (rows[i].count < 0)
            assert_int_equal(world->err.code, ERR_DENIED);
        else
            assert_int_equal(page.count, rows[i].count);
    }
}

static void of_a_url_the_host_alone_is_told(void **state)
{
    struct world *world = *state;
    struct job job = ended(world, &alice);
    struct delivery delivery = the_one(world);
    const Exportqueue__V1__WebhookDelivery *out = convert_delivery(&delivery, &world->arena);
    assert_string_equal(out->host, "hooks.example.org");
    assert_string_equal(out->event, "export.cancelled");
    assert_string_equal(out->job_id, id_text(world, job.id));
    assert_string_equal(out->owner, "alice");
    assert_int_equal(out->state,
                     EXPORTQUEUE__V1__WEBHOOK_DELIVERY_STATE__WEBHOOK_DELIVERY_STATE_PENDING);
    assert_non_null(out->next_attempt);
    assert_null(out->settled);
    delivery.state = DELIVERY_GIVEN_UP;
    delivery.settled_ms = 1700000000000;
    out = convert_delivery(&delivery, &world->arena);
    assert_null(out->next_attempt);
    assert_int_equal(out->settled->seconds, 1700000000);
}

static void what_makes_no_sense_is_refused_with_the_name_of_its_field(void **state)
{
    struct world *world = *state;
    const Exportqueue__V1__ListWebhookDeliveriesRequest none = LIST_INIT;
    Exportqueue__V1__WebhookDeliveryState unknown = (Exportqueue__V1__WebhookDeliveryState)77;
    struct exports_deliveries_page page = {0};
    struct {
        const char *field;
        Exportqueue__V1__ListWebhookDeliveriesRequest message;
    } rows[] = {{"page_size", none}, {"page_token", none}, {"job_id", none}, {"states", none}};
    rows[0].message.page_size = -1;
    rows[1].message.page_token = (char[]){"AAAAAAAAAAA"}; /* 0 */
    rows[2].message.job_id = (char[]){"17"};
    rows[3].message.states = &unknown;
    rows[3].message.n_states = 1;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(list(world, &alice, &rows[i].message, &page));
        assert_int_equal(world->err.code, ERR_INVALID);
        assert_string_equal(world->err.field, rows[i].field);
    }
    assert_non_null(strstr(world->err.text, "WEBHOOK_DELIVERY_STATE_GIVEN_UP"));
}

static void pages_end_with_the_oldest_delivery(void **state)
{
    struct world *world = *state;
    Exportqueue__V1__ListWebhookDeliveriesRequest message = LIST_INIT;
    int64_t last = 6;
    for (int i = 0; i < 5; i++)
        (void)ended(world, &alice);
    message.page_size = 2;
    for (;;) {
        struct exports_deliveries_page page = {0};
        assert_true(list(world, &alice, &message, &page));
        for (size_t i = 0; i < page.count; i++)
            assert_int_equal(page.deliveries[i].number, --last);
        if (str_is_empty(page.next_page_token))
            break;
        assert_int_equal(page.count, 2);
        message.page_token = arena_copy_text(&world->arena, page.next_page_token);
    }
    assert_int_equal(last, 1);
}

static enum err_code resend(struct world *world, const struct caller *caller, const char *id)
{
    struct delivery delivery;
    world->err = (struct err){0};
    bool is_ok = exports_resend_delivery(&world->exports, caller, str_of(id), &world->arena,
                                         &delivery, &world->err);
    assert_int_equal(is_ok, world->err.code == ERR_NONE);
    return world->err.code;
}

static void one_is_sent_once_more_for_its_owner_and_an_admin_alone(void **state)
{
    struct world *world = *state;
    (void)ended(world, &alice);
    const char *id = id_text(world, the_one(world).id);
    assert_int_equal(resend(world, &alice, id), ERR_NONE);
    assert_int_equal(resend(world, &admin, id), ERR_NONE);
    assert_int_equal(resend(world, &bob, id), ERR_NOT_FOUND);
    assert_int_equal(resend(world, &alice, "17"), ERR_NOT_FOUND);
    assert_int_equal(resend(world, &alice, ""), ERR_INVALID);
    assert_string_equal(world->err.field, "id");
    world->exports.webhooks = NULL;
    assert_int_equal(resend(world, &alice, id), ERR_NOT_READY);
    assert_non_null(strstr(world->err.text, "EXPORT_WEBHOOK_SECRET"));
}

static void nobody_has_a_server_call_others_without_end(void **state)
{
    struct world *world = *state;
    (void)ended(world, &alice);
    const char *id = id_text(world, the_one(world).id);
    for (int i = 0; i < 4; i++)
        assert_int_equal(resend(world, &alice, id), ERR_NONE);
    assert_int_equal(resend(world, &alice, id), ERR_LIMIT);
    assert_true(world->err.retry_after_ms > 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        TEST(who_asks_sees_its_own_and_an_admin_all),
        TEST(of_a_url_the_host_alone_is_told),
        TEST(what_makes_no_sense_is_refused_with_the_name_of_its_field),
        TEST(pages_end_with_the_oldest_delivery),
        TEST(one_is_sent_once_more_for_its_owner_and_an_admin_alone),
        TEST(nobody_has_a_server_call_others_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

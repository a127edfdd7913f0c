/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit as a caller asks for it: who may, what is refused, and how pages follow each other.
 */
#include "base/log.h"
#include "server/convert.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct caller alice = {.owner = {"alice", 5}, .address = {"192.0.2.1", 9}};
static const struct caller admin = {
    .owner = {"root", 4}, .is_admin = true, .address = {"192.0.2.2", 9}};

struct world {
    struct store *store;
    struct identity *identity;
    struct exports exports;
    struct arena arena;
    struct err err;
};

static struct identity *identity_by(const char *methods)
{
    struct identity_options options = {
        .methods = str_of(methods),
        .jwt = {.owner_claim = {"sub", 3}, .role_claim = {"role", 4}, .admin_role = {"admin", 5}},
    };
    struct identity *identity = NULL;
    struct err err = {0};
    assert_true(identity_new(&options, &identity, &err));
    return identity;
}

static int begin(void **state)
{
    static struct world world;
    const struct store_options options = store_options_default();
    world = (struct world){.store = store_memory_new(&options, &clock_system, NULL)};
    world.identity = identity_by("mtls");
    world.exports.store = world.store;
    world.exports.identity = world.identity;
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    store_free(world->store);
    identity_free(world->identity);
    arena_done(&world->arena);
    return 0;
}

static struct job create(struct world *world)
{
    const struct job_draft draft = {.actor = {alice.owner, alice.address},
                                    .owner = alice.owner,
                                    .spec = {.type = STR("trades"), .format = STR("csv")}};
    struct job job;
    assert_true(store_create(world->store, &draft, &world->arena, &job, NULL, &world->err));
    return job;
}

static bool list(struct world *world, const struct caller *caller,
                 const Exportqueue__V1__ListAuditEntriesRequest *message,
                 struct exports_audit_page *out)
{
    struct exports_audit_request request;
    world->err = (struct err){0};
    return convert_audit_request(message, &request, &world->err) &&
           exports_list_audit(&world->exports, caller, &request, &world->arena, out, &world->err);
}

static void only_an_admin_reads_it_unless_the_server_is_open(void **state)
{
    struct world *world = *state;
    struct identity *open = identity_by("none");
    const Exportqueue__V1__ListAuditEntriesRequest message =
        EXPORTQUEUE__V1__LIST_AUDIT_ENTRIES_REQUEST__INIT;
    struct exports_audit_page page;
    (void)create(world);
    assert_false(list(world, &alice, &message, &page));
    assert_int_equal(world->err.code, ERR_DENIED);
    assert_non_null(strstr(world->err.text, "admin"));
    assert_true(list(world, &admin, &message, &page));
    assert_int_equal(page.count, 1);
    world->exports.identity = open;
    assert_true(list(world, &alice, &message, &page));
    assert_int_equal(page.count, 1);
    world->exports.identity = world->identity;
    identity_free(open);
}

static void what_makes_no_sense_is_refused_with_the_name_of_its_field(void **state)
{
    struct world *world = *state;
    char long_name[CONVERT_MAX_NAME + 2];
    Google__Protobuf__Timestamp no_time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Exportqueue__V1__AuditAction action = EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_UNSPECIFIED;
    const Exportqueue__V1__ListAuditEntriesRequest none =
        EXPORTQUEUE__V1__LIST_AUDIT_ENTRIES_REQUEST__INIT;
    struct exports_audit_page page;
    struct {
        const char *field;
        Exportqueue__V1__ListAuditEntriesRequest message;
    } rows[] = {
        {"page_size", none}, {"page_token", none}, {"page_token", none},
        {"actor", none},     {"owner", none},      {"job_id", none},
        {"actions", none},   {"since", none},      {"until", none},
    };
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    no_time.nanos = -1;
    rows[0].message.page_size = -1;
    rows[1].message.page_token = (char[]){"MDE5"};
    rows[2].message.page_token = (char[]){"AAAAAAAAAAA"}; /* 0 */
    rows[3].message.actor = long_name;
    rows[4].message.owner = long_name;
    rows[5].message.job_id = (char[]){"17"};
    rows[6].message.actions = &action;
    rows[6].message.n_actions = 1;
    rows[7].message.since = &no_time;
    rows[8].message.until = &no_time;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(list(world, &admin, &rows[i].message, &page));
        assert_int_equal(world->err.code, ERR_INVALID);
        assert_string_equal(world->err.field, rows[i].field);
    }
    action = (Exportqueue__V1__AuditAction)77;
    assert_false(list(world, &admin, &rows[6].message, &page));
    assert_non_null(strstr(world->err.text, "AUDIT_ACTION_RESUME"));
}

static void a_bound_in_nanoseconds_parts_milliseconds_as_it_should(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        int32_t nanos;
        int64_t expected_ms;
    } rows[] = {
        {1700000000, 0, 1700000000000},
        {1700000000, 1, 1700000000001},
        {1700000000, 999000000, 1700000000999},
        {1700000000, 999999999, 1700000001000},
        {0, 0, 1},
        {-5, 0, 1},
        {INT64_C(253402300799), 999999999, INT64_C(253402300800000)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        Exportqueue__V1__ListAuditEntriesRequest message =
            EXPORTQUEUE__V1__LIST_AUDIT_ENTRIES_REQUEST__INIT;
        struct exports_audit_request request;
        struct err err = {0};
        time.seconds = rows[i].seconds;
        time.nanos = rows[i].nanos;
        message.since = &time;
        assert_true(convert_audit_request(&message, &request, &err));
        assert_int_equal(request.since_ms, rows[i].expected_ms);
        assert_int_equal(request.until_ms, 0);
    }
}

static void pages_end_with_the_oldest_entry(void **state)
{
    struct world *world = *state;
    Exportqueue__V1__ListAuditEntriesRequest message =
        EXPORTQUEUE__V1__LIST_AUDIT_ENTRIES_REQUEST__INIT;
    int64_t last = 6;
    for (int i = 0; i < 5; i++)
        (void)create(world);
    message.page_size = 2;
    for (;;) {
        struct exports_audit_page page;
        assert_true(list(world, &admin, &message, &page));
        for (size_t i = 0; i < page.count; i++)
            assert_int_equal(page.entries[i].number, --last);
        if (str_is_empty(page.next_page_token))
            break;
        assert_int_equal(page.count, 2);
        message.page_token = arena_copy_text(&world->arena, page.next_page_token);
    }
    assert_int_equal(last, 1);
}

static void an_act_of_a_newer_version_has_no_name_and_does_no_harm(void **state)
{
    struct world *world = *state;
    const struct audit_entry entry = {.number = 7, .action = AUDIT_ACTION_COUNT};
    const Exportqueue__V1__AuditEntry *out = convert_audit_entry(&entry, &world->arena);
    assert_int_equal(out->action, EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_UNSPECIFIED);
    assert_int_equal(out->number, 7);
    assert_string_equal(out->actor, "");
}

static void an_act_is_of_the_caller_and_its_address_is_kept_short(void **state)
{
    struct world *world = *state;
    char address[300];
    struct caller caller = admin;
    struct exports_audit_page page;
    const Exportqueue__V1__ListAuditEntriesRequest message =
        EXPORTQUEUE__V1__LIST_AUDIT_ENTRIES_REQUEST__INIT;
    char id[UUID_TEXT_LEN + 1];
    struct job job = create(world);
    memset(address, 'a', sizeof address);
    caller.address = (struct str){address, sizeof address};
    uuid_format(job.id, id);
    assert_true(
        exports_cancel(&world->exports, &caller, str_of(id), &world->arena, &job, &world->err));
    assert_true(list(world, &admin, &message, &page));
    assert_int_equal(page.count, 2);
    assert_true(str_equal(page.entries[0].actor.name, admin.owner));
    assert_int_equal(page.entries[0].actor.address.len, 64);
    assert_true(str_equal(page.entries[0].owner, alice.owner));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        TEST(only_an_admin_reads_it_unless_the_server_is_open),
        TEST(what_makes_no_sense_is_refused_with_the_name_of_its_field),
        TEST(a_bound_in_nanoseconds_parts_milliseconds_as_it_should),
        TEST(pages_end_with_the_oldest_entry),
        TEST(an_act_of_a_newer_version_has_no_name_and_does_no_harm),
        TEST(an_act_is_of_the_caller_and_its_address_is_kept_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

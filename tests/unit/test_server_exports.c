/* SPDX-License-Identifier: Apache-2.0
 *
 * The use cases where two stores have to agree: over stand-ins that fail, and that change between
 * two questions.
 */
#include "server/exports.h"

#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "01890000-0000-7000-8000-00000000abcd"

/* One job, and the file it may have. */
struct world {
    struct store store;
    struct files files;
    struct exports exports;
    bool has_job;
    bool has_file;
    bool is_running;           /* the job has no file yet… */
    bool completes_before_end; /* …but when it is removed, it has */
    bool is_disk_broken;
    bool is_store_gone;
    int downloads; /* that began */
    int counts;    /* that the store was asked for */
};

static const struct caller alice = {.owner = {"alice", 5}};

static struct job job_of(const struct world *world)
{
    struct job job = {.owner = alice.owner, .state = JOB_COMPLETED, .file.key = STR("key")};
    assert_true(uuid_parse(STR(ID), &job.id));
    if (world->is_running)
        job = (struct job){.id = job.id, .owner = job.owner, .state = JOB_RUNNING};
    return job;
}

static bool get(struct store *store, struct uuid id, struct arena *arena, struct job *out,
                struct err *err)
{
    (void)id;
    (void)arena;
    const struct world *world = CONTAINER_OF(store, struct world, store);
    if (!world->has_job)
        return err_set(err, ERR_NOT_FOUND, "there is none");
    *out = job_of(world);
    return true;
}

static bool remove_job(struct store *store, struct uuid id, const struct actor *actor,
                       struct arena *arena, struct job *out, unsigned *out_acts, struct err *err)
{
    assert_true(str_equal(actor->name, alice.owner));
    struct world *world = CONTAINER_OF(store, struct world, store);
    if (world->completes_before_end) {
        world->is_running = false;
        world->has_file = true;
    }
    if (!get(store, id, arena, out, err))
        return false;
    world->has_job = false;
    *out_acts = BIT(AUDIT_DELETE);
    return true;
}

static bool remove_file(struct files *files, struct str key, struct err *err)
{
    struct world *world = CONTAINER_OF(files, struct world, files);
    assert_true(str_equal(key, STR("key")));
    if (world->is_disk_broken)
        return err_set(err, ERR_STORE_UNAVAILABLE, "the disk fails");
    world->has_file = false;
    return true;
}

static bool open_download(struct store *store, const struct download_request *request,
                          struct arena *arena, struct job *out, int64_t *out_lease, struct err *err)
{
    struct world *world = CONTAINER_OF(store, struct world, store);
    assert_int_equal(request->token_no, 7);
    assert_int_equal(request->offset, 0);
    *out_lease = 1;
    world->downloads++;
    return get(store, request->id, arena, out, err);
}

static void close_file(struct file_reader *reader)
{
    (void)reader;
}

static const struct files_ops files_ops;

static bool open_file(struct files *files, struct str key, struct file_reader **out,
                      struct err *err)
{
    (void)files;
    (void)err;
    assert_true(str_equal(key, STR("key")));
    static struct file_reader reader = {.ops = &files_ops};
    *out = &reader;
    return true;
}

static bool count(struct store *store, struct store_counters *out, struct err *err)
{
    struct world *world = CONTAINER_OF(store, struct world, store);
    world->counts++;
    *out = (struct store_counters){.queued = 3};
    return !world->is_store_gone || err_set(err, ERR_UNAVAILABLE, "the store is gone");
}

static bool check_files(struct files *files, struct err *err)
{
    const struct world *world = CONTAINER_OF(files, struct world, files);
    return !world->is_disk_broken || err_set(err, ERR_STORE_UNAVAILABLE, "the disk fails");
}

static const struct store_ops store_ops = {
    .get = get, .remove = remove_job, .download_open = open_download, .count = count};
static const struct files_ops files_ops = {
    .remove = remove_file, .open = open_file, .close = close_file, .check = check_files};

static void begin(struct world *world)
{
    *world =
        (struct world){.store = {.ops = &store_ops}, .files = {.ops = &files_ops}, .has_job = true};
    world->exports.store = &world->store;
    world->exports.files = &world->files;
}

static void a_job_whose_file_cannot_be_removed_can_be_deleted_again(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    begin(&world);
    world.has_file = true;
    world.is_disk_broken = true;
    assert_false(exports_remove(&world.exports, &alice, STR(ID), &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    assert_true(world.has_job);
    world.is_disk_broken = false;
    assert_true(exports_remove(&world.exports, &alice, STR(ID), &err));
    assert_false(world.has_job || world.has_file);
}

static void the_file_of_a_job_that_completes_meanwhile_goes_too(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    begin(&world);
    world.is_running = true;
    world.completes_before_end = true;
    assert_true(exports_remove(&world.exports, &alice, STR(ID), &err));
    assert_false(world.has_job || world.has_file);
}

static void a_job_that_is_gone_is_deleted_even_if_its_late_file_cannot_be(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    begin(&world);
    world.is_running = true;
    world.completes_before_end = true;
    world.is_disk_broken = true;
    assert_true(exports_remove(&world.exports, &alice, STR(ID), &err));
    assert_false(world.has_job);
}

static bool open_it(struct world *world, const struct caller *caller, struct str token,
                    struct exports_pass *out_pass, struct exports_download *out, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    return exports_check_token(&world->exports, caller, token, &arena, out_pass, err) &&
           exports_open_download(&world->exports, caller, out_pass, 0, &arena, out, err);
}

static void a_download_is_opened_for_its_owner_an_admin_and_whoever_shows_nothing_else(void **state)
{
    (void)state;
    static const struct {
        struct caller caller;
        bool is_opened;
    } cases[] = {
        {{.owner = {"", 0}}, true},
        {{.owner = {"alice", 5}}, true},
        {{.owner = {"root", 4}, .is_admin = true}, true},
        {{.owner = {"bob", 3}}, false},
        {{.owner = {"alic", 4}}, false},
    };
    const struct limits_options options = {
        .clock = &clock_system, .most = {[LIMIT_OWNER_DOWNLOADS] = 1, [LIMIT_DOWNLOADS] = 2}};
    const struct uuid none = {{0}};
    struct world world;
    struct limits *limits = limits_new(&options);
    struct keyring *keys = NULL;
    struct buf text CLEANUP(buf_done);
    struct err err = {0};
    assert_true(keyring_new(STR(""), &keys, &err));
    struct token token = {.number = 7, .expires_s = clock_now_ms(&clock_system) / 1000 + 60};
    assert_true(uuid_parse(STR(ID), &token.job));
    buf_init(&text, TOKEN_MAX_BYTES);
    token_sign(keys, &token, &text);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct exports_pass pass;
        struct exports_download download;
        struct exports_download second;
        begin(&world);
        world.exports.keys = keys;
        world.exports.limits = limits;
        world.exports.clock = &clock_system;
        bool is_opened = open_it(&world, &cases[i].caller, buf_str(&text), &pass, &download, &err);
        assert_int_equal(is_opened, cases[i].is_opened);
        assert_int_equal(world.downloads, cases[i].is_opened ? 1 : 0); /* no lease was taken */
        assert_true(is_opened || err.code == ERR_NOT_FOUND);
        assert_memory_equal(&pass.job.id, &token.job, sizeof token.job);
        if (!is_opened)
            continue;
        /* Whoever asks: it is the job's owner who has no more. */
        assert_false(open_it(&world, &cases[0].caller, buf_str(&text), &pass, &second, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_int_equal(world.downloads, 1); /* no lease was taken */
        text.ptr[text.len - 3] ^= 1;          /* nobody knows whether it is the job's */
        assert_false(open_it(&world, &cases[0].caller, buf_str(&text), &pass, &second, &err));
        assert_int_equal(err.code, ERR_DENIED);
        assert_memory_equal(&pass.job.id, &none, sizeof none);
        text.ptr[text.len - 3] ^= 1;
        limits_give_back(&download.place);
    }
    limits_free(limits);
    keyring_free(keys);
}

static void strangers_are_told_what_was_felt_and_the_store_is_asked_for_admins_alone(void **state)
{
    (void)state;
    const struct caller callers[] = {{.is_admin = false}, alice};
    const struct caller admin = {.owner = STR("root"), .is_admin = true};
    const struct limits_options limits_options = {.clock = &clock_system};
    const struct identity_options options = {
        .methods = STR("mtls"),
        .jwt = {.owner_claim = STR("sub"), .role_claim = STR("role"), .admin_role = STR("admin")}};
    struct identity *identity = NULL;
    struct exports_health health;
    struct world world;
    struct err err = {0};
    begin(&world);
    assert_true(identity_new(&options, &identity, &err));
    world.exports.identity = identity;
    world.exports.limits = limits_new(&limits_options);
    world.exports.is_enabled = true;
    assert_int_equal(exports_feel(&world.exports), EXPORTS_OK);
    assert_int_equal(world.counts, 1);
    world.is_store_gone = true;
    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        exports_health(&world.exports, &callers[i], &health);
        assert_int_equal(health.status, EXPORTS_OK);
        assert_true(health.is_store_reachable && !health.has_counters);
        assert_int_equal(health.counters.queued, 0);
    }
    assert_int_equal(world.counts, 1);
    exports_health(&world.exports, &admin, &health);
    assert_int_equal(health.status, EXPORTS_DEGRADED);
    assert_int_equal(world.counts, 2);
    assert_int_equal(exports_feel(&world.exports), EXPORTS_DEGRADED);
    exports_health(&world.exports, &callers[0], &health);
    assert_true(health.status == EXPORTS_DEGRADED && !health.is_store_reachable);
    world.is_store_gone = false;
    world.is_disk_broken = true;
    assert_int_equal(exports_feel(&world.exports), EXPORTS_DEGRADED);
    exports_health(&world.exports, &callers[0], &health);
    assert_true(health.status == EXPORTS_DEGRADED && health.is_store_reachable);
    limits_free(world.exports.limits);
    identity_free(identity);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_whose_file_cannot_be_removed_can_be_deleted_again),
        cmocka_unit_test(the_file_of_a_job_that_completes_meanwhile_goes_too),
        cmocka_unit_test(a_job_that_is_gone_is_deleted_even_if_its_late_file_cannot_be),
        cmocka_unit_test(
            a_download_is_opened_for_its_owner_an_admin_and_whoever_shows_nothing_else),
        cmocka_unit_test(strangers_are_told_what_was_felt_and_the_store_is_asked_for_admins_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

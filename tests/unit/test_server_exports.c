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

static bool remove_job(struct store *store, struct uuid id, struct arena *arena, struct job *out,
                       struct err *err)
{
    struct world *world = CONTAINER_OF(store, struct world, store);
    if (world->completes_before_end) {
        world->is_running = false;
        world->has_file = true;
    }
    if (!get(store, id, arena, out, err))
        return false;
    world->has_job = false;
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

static const struct store_ops store_ops = {.get = get, .remove = remove_job};
static const struct files_ops files_ops = {.remove = remove_file};

static void begin(struct world *world)
{
    *world = (struct world){.store = {.ops = &store_ops}, .files = {&files_ops}, .has_job = true};
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

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_whose_file_cannot_be_removed_can_be_deleted_again),
        cmocka_unit_test(the_file_of_a_job_that_completes_meanwhile_goes_too),
        cmocka_unit_test(a_job_that_is_gone_is_deleted_even_if_its_late_file_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A sweep of the file store: what goes, what stays, and what happens when something fails.
 */
#include "engine/sweep.h"

#include "base/log.h"
#include "tests/unit/engine_house_kit.h"

enum { HOUR_MS = 3600 * 1000, AGAIN_MS = 60 * 1000 };

static const struct sweep_options at_once = {
    .first_ms = 0, .every_ms = HOUR_MS, .min_age_ms = HOUSE_AGE_S * 1000};

/* Steps until the sweep that is due has ended; how long to the next. */
static int64_t run_sweep(struct sweep *sweep)
{
    int64_t due_in_ms = 0;
    while (due_in_ms == 0)
        due_in_ms = sweep_step(sweep);
    return due_in_ms;
}

static void sweep_once(const struct house *house)
{
    struct sweep *sweep = sweep_new(house->store, house->files, &at_once);
    assert_int_equal(run_sweep(sweep), HOUR_MS);
    sweep_free(sweep);
}

static void only_what_no_job_has_goes(void **state)
{
    (void)state;
    struct house house;
    struct ticket ticket;
    struct house_file its_file;
    house_open(&house);
    struct job completed = house_completed(&house, HOUSE_OLD_S, &its_file);
    (void)house_create(&house);
    struct job running = house_claim(&house, &ticket);
    struct job queued = house_create(&house);
    const struct {
        struct house_file file;
        bool stays;
    } table[] = {
        {its_file, true},
        {house_put(&house, completed.id, 1, HOUSE_OLD_S), false}, /* of a claim that was lost */
        {house_put(&house, running.id, 1, HOUSE_OLD_S), true},
        {house_put(&house, running.id, 2, HOUSE_OLD_S), false},
        {house_put(&house, queued.id, 1, HOUSE_OLD_S), false},
        {house_put(&house, house_nobody(), 1, HOUSE_OLD_S), false},
        {house_put(&house, house_nobody(), 1, HOUSE_YOUNG_S), true},
        {house_put(&house, running.id, 2, HOUSE_YOUNG_S), true},
    };
    sweep_once(&house);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (house_has(&house, &table[i].file) != table[i].stays)
            fail_msg("file %zu %s", i, table[i].stays ? "went" : "stayed");
    house_close(&house);
}

/* A part shows under no key; it may still be written to, by a query that is silent for hours. */
static void a_part_goes_unless_its_attempt_runs(void **state)
{
    (void)state;
    struct house house;
    struct ticket ticket;
    house_open(&house);
    (void)house_create(&house);
    struct job running = house_claim(&house, &ticket);
    const struct house_file files[] = {
        house_put(&house, running.id, 1, HOUSE_OLD_S),
        house_put(&house, house_nobody(), 1, HOUSE_OLD_S),
    };
    char parts[COUNT_OF(files)][KIT_PATH_SIZE];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char from[KIT_PATH_SIZE];
        char to[KIT_PATH_SIZE];
        (void)snprintf(parts[i], sizeof parts[i], "%s.part-0123456789abcdef", files[i].key);
        kit_path(&house.dir, files[i].key, from);
        kit_path(&house.dir, parts[i], to);
        assert_int_equal(rename(from, to), 0);
    }
    sweep_once(&house);
    assert_true(kit_has(&house.dir, parts[0]));
    assert_false(kit_has(&house.dir, parts[1]));
    house_close(&house);
}

static void many_files_go_in_portions(void **state)
{
    enum { FILES = 2 * FILES_PORTION + 50 };
    (void)state;
    struct house house;
    struct house_file its_file;
    house_open(&house);
    (void)house_completed(&house, HOUSE_OLD_S, &its_file);
    for (int i = 0; i < FILES; i++)
        (void)house_put(&house, house_nobody(), 1, HOUSE_OLD_S);
    struct sweep *sweep = sweep_new(house.store, house.files, &at_once);
    size_t left = FILES + 1;
    while (sweep_step(sweep) == 0) {
        size_t now = kit_count(&house.dir, NULL);
        assert_in_range(left - now, 0, FILES_PORTION);
        left = now;
    }
    assert_int_equal(kit_count(&house.dir, NULL), 1);
    assert_true(house_has(&house, &its_file));
    sweep_free(sweep);
    house_close(&house);
}

static void a_sweep_can_be_left_half_way(void **state)
{
    (void)state;
    struct house house;
    house_open(&house);
    for (int i = 0; i < 2 * FILES_PORTION; i++)
        (void)house_put(&house, house_nobody(), 1, HOUSE_OLD_S);
    struct sweep *sweep = sweep_new(house.store, house.files, &at_once);
    assert_int_equal(sweep_step(sweep), 0);
    sweep_free(sweep);
    assert_in_range(kit_count(&house.dir, NULL), FILES_PORTION, 2 * FILES_PORTION);
    house_close(&house);
}

static void nothing_is_swept_before_its_time(void **state)
{
    (void)state;
    struct house house;
    house_open(&house);
    struct house_file orphan = house_put(&house, house_nobody(), 1, HOUSE_OLD_S);
    const struct sweep_options later = {AGAIN_MS, HOUR_MS, HOUSE_AGE_S * 1000};
    struct sweep *sweep = sweep_new(house.store, house.files, &later);
    assert_in_range(sweep_step(sweep), 1, AGAIN_MS);
    assert_true(house_has(&house, &orphan));
    sweep_free(sweep);

    sweep = sweep_new(house.store, house.files, &at_once);
    assert_int_equal(run_sweep(sweep), HOUR_MS);
    assert_false(house_has(&house, &orphan));
    orphan = house_put(&house, house_nobody(), 1, HOUSE_OLD_S);
    assert_in_range(sweep_step(sweep), 1, HOUR_MS); /* nor again */
    assert_true(house_has(&house, &orphan));
    sweep_free(sweep);
    house_close(&house);
}

/* ---- Failures ---- */

/* A store that is away for its first questions. */
struct shy {
    struct store base;
    struct store *real;
    int refusals;
};

static bool answer_shyly(struct store *base, const struct attempt_file *files, size_t count,
                         bool *out_is_orphan, struct err *err)
{
    struct shy *shy = CONTAINER_OF(base, struct shy, base);
    if (shy->refusals == 0)
        return store_find_orphans(shy->real, files, count, out_is_orphan, err);
    shy->refusals--;
    for (size_t i = 0; i < count; i++)
        out_is_orphan[i] = true; /* not to be heeded */
    return err_set(err, ERR_UNAVAILABLE, "the database is away");
}

static void a_store_that_cannot_answer_costs_no_file_and_is_asked_again(void **state)
{
    (void)state;
    static const struct store_ops ops = {.find_orphans = answer_shyly};
    static const struct sweep_options options = {
        .first_ms = 1, .every_ms = HOUR_MS, .min_age_ms = HOUSE_AGE_S * 1000};
    struct house house;
    house_open(&house);
    struct shy shy = {.base = {.ops = &ops}, .real = house.store, .refusals = 3};
    struct house_file orphan = house_put(&house, house_nobody(), 1, HOUSE_OLD_S);
    struct sweep *sweep = sweep_new(&shy.base, house.files, &options);
    while (shy.refusals) {
        assert_int_equal(sweep_step(sweep), options.first_ms);
        assert_true(house_has(&house, &orphan));
    }
    while (house_has(&house, &orphan)) /* ctest ends it if it never goes */
        (void)sweep_step(sweep);
    assert_in_range(sweep_step(sweep), options.first_ms + 1, HOUR_MS);
    sweep_free(sweep);
    house_close(&house);
}

/* A file store of three orphans, of which one cannot be removed. */
struct stubborn {
    struct files files;
    struct files_scan scan;
    bool is_asked[3];
};

static bool stubborn_open(struct files *base, int64_t min_age_ms, struct files_scan **out,
                          struct err *err)
{
    struct stubborn *stubborn = CONTAINER_OF(base, struct stubborn, files);
    (void)min_age_ms;
    (void)err;
    stubborn->scan.ops = base->ops;
    *out = &stubborn->scan;
    return true;
}

static bool stubborn_next(struct files_scan *scan, struct files_portion *out, struct err *err)
{
    (void)scan;
    (void)err;
    out->count = COUNT_OF(((struct stubborn *)NULL)->is_asked);
    out->is_last = true;
    for (size_t i = 0; i < out->count; i++)
        out->found[i] = (struct file_found){.of = {house_nobody(), (int32_t)i}, .key = STR("key")};
    return true;
}

static bool stubborn_remove(struct files_scan *scan, const struct file_found *found,
                            struct err *err)
{
    struct stubborn *stubborn = CONTAINER_OF(scan, struct stubborn, scan);
    stubborn->is_asked[found->of.attempt] = true;
    return found->of.attempt != 0 || err_set(err, ERR_STORE_DENIED, "not yours");
}

static void stubborn_close(struct files_scan *scan)
{
    (void)scan;
}

static void a_file_that_cannot_be_removed_does_not_hold_up_the_others(void **state)
{
    (void)state;
    static const struct files_ops ops = {
        .scan_open = stubborn_open,
        .scan_next = stubborn_next,
        .scan_remove = stubborn_remove,
        .scan_close = stubborn_close,
    };
    struct stubborn stubborn = {.files = {.ops = &ops}};
    struct house house;
    house_open(&house);
    struct sweep *sweep = sweep_new(house.store, &stubborn.files, &at_once);
    assert_int_equal(run_sweep(sweep), HOUR_MS);
    for (size_t i = 0; i < COUNT_OF(stubborn.is_asked); i++)
        assert_true(stubborn.is_asked[i]);
    sweep_free(sweep);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_no_job_has_goes),
        cmocka_unit_test(a_part_goes_unless_its_attempt_runs),
        cmocka_unit_test(many_files_go_in_portions),
        cmocka_unit_test(a_sweep_can_be_left_half_way),
        cmocka_unit_test(nothing_is_swept_before_its_time),
        cmocka_unit_test(a_store_that_cannot_answer_costs_no_file_and_is_asked_again),
        cmocka_unit_test(a_file_that_cannot_be_removed_does_not_hold_up_the_others),
    };
    log_set_level(LOG_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

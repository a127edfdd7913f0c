/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the janitor and its sweep share: a queue in memory whose clock they set, and a
 * real file store with files of any age.
 */
#ifndef TESTS_UNIT_ENGINE_HOUSE_KIT_H
#define TESTS_UNIT_ENGINE_HOUSE_KIT_H

#include "queue/store.h"
#include "tests/unit/files_kit.h"

#include <stdatomic.h>

enum { HOUSE_AGE_S = 3600, HOUSE_OLD_S = HOUSE_AGE_S + 60, HOUSE_YOUNG_S = HOUSE_AGE_S - 60 };

struct house {
    struct clock clock;
    atomic_llong passed_ms;
    struct kit_dir dir;
    struct files *files;
    struct store_options options;
    struct store *store;
    struct arena arena;
    struct err err;
};

/* A file of a job's: its key, and its name in the directory. */
struct house_file {
    char key[FILE_KEY_SIZE];
};

static inline int64_t house_time(const struct clock *clock)
{
    struct house *house = CONTAINER_OF(clock, struct house, clock);
    return 1700000000000 + (int64_t)atomic_load(&house->passed_ms);
}

static inline void house_open(struct house *house)
{
    memset(house, 0, sizeof *house);
    house->clock = (struct clock){.now_ms = house_time, .steady_ms = house_time};
    house->options = store_options_default();
    house->store = store_memory_new(&house->options, &house->clock, NULL);
    kit_dir_make(&house->dir);
    house->files = kit_open(&house->dir, FILES_SHARED);
}

static inline void house_close(struct house *house)
{
    files_close_store(house->files);
    store_free(house->store);
    arena_done(&house->arena);
    kit_dir_remove(&house->dir);
}

static inline void house_must(const struct house *house, bool is_ok)
{
    if (!is_ok)
        fail_msg("%s: %s", err_code_name(house->err.code), house->err.text);
}

static inline struct job house_create(struct house *house)
{
    struct job job;
    const struct job_draft draft = {.owner = STR("ann"),
                                    .spec = {.type = STR("trades"), .format = STR("csv")}};
    house_must(house, store_create(house->store, &draft, &house->arena, &job, NULL, &house->err));
    return job;
}

static inline struct job house_claim(struct house *house, struct ticket *out)
{
    struct job job;
    bool is_found = false;
    house_must(house, store_claim(house->store, "worker", &house->arena, &job, out, &is_found,
                                  &house->err));
    assert_true(is_found);
    return job;
}

/* Puts a file of the job's into the store that nobody has written to for so long. */
static inline struct house_file house_put(const struct house *house, struct uuid job,
                                          int32_t attempt, int64_t age_s)
{
    const struct file_key of = {job, attempt};
    const struct timespec when = {.tv_sec = time(NULL) - age_s};
    const struct timespec times[] = {when, when};
    struct house_file file;
    char path[KIT_PATH_SIZE];
    file_key_make(&of, file.key);
    kit_put(&house->dir, file.key);
    kit_path(&house->dir, file.key, path);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    return file;
}

static inline bool house_has(const struct house *house, const struct house_file *file)
{
    return kit_has(&house->dir, file->key);
}

static inline void house_complete(struct house *house, const struct ticket *ticket,
                                  const struct house_file *made)
{
    const struct job_file file = {.key = str_of(made->key), .name = STR("trades.csv")};
    const struct job_progress progress = {.phase = PHASE_STORING};
    const struct job_warnings warnings = {0};
    bool is_mine = false;
    house_must(house, store_complete(house->store, ticket, &file, &progress, &warnings, &is_mine,
                                     &house->err));
    assert_true(is_mine);
}

/* A job that has a file, made so long ago. */
static inline struct job house_completed(struct house *house, int64_t age_s, struct house_file *out)
{
    struct ticket ticket;
    (void)house_create(house);
    struct job job = house_claim(house, &ticket);
    *out = house_put(house, job.id, job.attempt, age_s);
    house_complete(house, &ticket, out);
    return job;
}

/* An id that no job has. */
static inline struct uuid house_nobody(void)
{
    return (struct uuid){{0x01, 0x91}};
}

#endif

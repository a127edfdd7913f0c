/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool and its runner over a real SQLite database, a real file store and the store in memory:
 * how jobs run, fail, are cancelled and given back.
 */
#include "tests/support/shop.h"
#include "worker/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

struct world {
    struct shop shop;
    struct hub *hub;
    struct store *store;
    struct pool *pool;
    struct arena arena;
    const struct job_listener *listener; /* NULL: none */
};

static void start(struct world *world, size_t workers, int64_t job_timeout_ms)
{
    struct pool_options options = {
        .store = world->store,
        .hub = world->hub,
        .runner = &world->shop.runner,
        .worker_count = workers,
        .job_timeout_ms = job_timeout_ms,
        .heartbeat_ms = 50,
        .name = "test",
        .listener = world->listener,
    };
    world->pool = pool_start(&options);
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    shop_open(&world->shop);
    struct store_options options = store_options_default();
    options.retry = (struct retry_policy){.max_attempts = 3, .base_ms = 1, .cap_ms = 5};
    options.max_active_per_owner = 100;
    world->hub = hub_new();
    world->store = store_memory_new(&options, &clock_system, world->hub);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    pool_free(world->pool);
    store_free(world->store);
    hub_free(world->hub);
    shop_close(&world->shop);
    arena_done(&world->arena);
    free(world);
    return 0;
}

static const struct actor somebody = {.name = {"ann", 3}};

static struct uuid submit(struct world *world, struct job_spec spec)
{
    struct job_draft draft = {.owner = STR("ann"), .spec = spec};
    struct job job;
    struct err err = {0};
    draft.spec.format = spec.format.len ? spec.format : STR("csv");
    if (!store_create(world->store, &draft, &world->arena, &job, NULL, &err))
        fail_msg("%s", err.text);
    return job.id;
}

static struct job get(struct world *world, struct uuid id)
{
    struct job job;
    struct err err = {0};
    assert_true(store_get(world->store, id, &world->arena, &job, &err));
    return job;
}

/* A waker that a test's thread can wait on. */
struct bell {
    pthread_mutex_t mutex;
    pthread_cond_t rung;
    unsigned count;
};

static void ring(void *target)
{
    struct bell *bell = target;
    pthread_mutex_lock(&bell->mutex);
    bell->count++;
    pthread_cond_broadcast(&bell->rung);
    pthread_mutex_unlock(&bell->mutex);
}

static void release(void *target)
{
    ring(target);
}

static void wait_for_bell(struct bell *bell, unsigned seen)
{
    struct timespec end;
    (void)clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&bell->mutex);
    while (bell->count == seen)
        if (pthread_cond_timedwait(&bell->rung, &bell->mutex, &end) != 0)
            break;
    bool is_rung = bell->count != seen;
    pthread_mutex_unlock(&bell->mutex);
    assert_true(is_rung);
}

static unsigned bell_count(struct bell *bell)
{
    pthread_mutex_lock(&bell->mutex);
    unsigned count = bell->count;
    pthread_mutex_unlock(&bell->mutex);
    return count;
}

/* Waits, by watching, until the job satisfies `is_there`. */
static struct job wait_until(struct world *world, struct uuid id,
                             bool (*is_there)(const struct job *job))
{
    struct bell bell = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    struct watch_scope scope = {.has_id = true, .id = id};
    struct watcher *watcher = hub_watch(world->hub, &scope, (struct waker){ring, release, &bell});
    struct job job = get(world, id);
    while (!is_there(&job)) {
        struct job change;
        unsigned seen = bell_count(&bell);
        enum watch_result result = watcher_next(watcher, &world->arena, &change);
        assert_true(result == WATCH_CHANGE || result == WATCH_NOTHING);
        if (result == WATCH_NOTHING)
            wait_for_bell(&bell, seen);
        else if (change.revision > job.revision)
            job = change;
    }
    unsigned before = bell_count(&bell);
    watcher_close(watcher);
    wait_for_bell(&bell, before); /* released: nobody rings any more */
    return get(world, id);
}

static bool is_final(const struct job *job)
{
    return job_state_is_final(job->state);
}

static bool is_running(const struct job *job)
{
    return job->state == JOB_RUNNING;
}

static void read_file(struct world *world, const struct job *job, char *out, size_t size)
{
    struct file_reader *reader = NULL;
    struct err err = {0};
    size_t len = 0;
    assert_true(files_open(world->shop.files, job->file.key, &reader, &err));
    assert_true(file_reader_read(reader, 0, out, size - 1, &len, &err));
    out[len] = '\0';
    file_reader_close(reader);
}

static void a_job_becomes_a_file_with_the_owners_rows(void **state)
{
    struct world *world = *state;
    start(world, 1, 0);
    struct job_spec spec = {.type = STR("orders"), .limit = 2};
    struct job job = wait_until(world, submit(world, spec), is_final);
    assert_int_equal(job.state, JOB_COMPLETED);
    assert_int_equal(job.attempt, 1);
    assert_int_equal(job.file.rows, 2);
    assert_int_equal(job.progress.rows_done, 2);
    assert_int_equal(job.progress.rows_total, 2);
    assert_true(str_starts_with(job.file.name, STR("orders-20")));
    char text[256];
    read_file(world, &job, text, sizeof text);
    assert_string_equal(text, "id,item,amount\n1,item 1,0.25\n2,item 2,0.5\n");
    assert_int_equal(job.file.size, strlen(text));
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_LEN + 1];
    struct sha256 *hash = sha256_new();
    sha256_add(hash, text, strlen(text));
    sha256_finish(hash, digest);
    sha256_free(hash);
    sha256_format(digest, hex);
    assert_true(str_equal(job.file.sha256, str_of(hex)));
}

static void a_hundred_jobs_on_four_workers_all_complete(void **state)
{
    struct world *world = *state;
    struct uuid ids[100];
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        ids[i] = submit(world, (struct job_spec){.type = STR("orders"), .format = STR("json")});
    start(world, 4, 0);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct job job = wait_until(world, ids[i], is_final);
        assert_int_equal(job.state, JOB_COMPLETED);
        assert_int_equal(job.file.rows, 1000);
    }
    assert_int_equal(shop_count_files(&world->shop), COUNT_OF(ids));
    struct store_counters counters;
    struct err err = {0};
    assert_true(store_count(world->store, &counters, &err));
    assert_int_equal(counters.processed, COUNT_OF(ids));
    assert_int_equal(counters.queued + counters.running, 0);
}

static void a_value_that_does_not_fit_fails_the_job_at_once_and_leaves_no_file(void **state)
{
    struct world *world = *state;
    start(world, 1, 0);
    struct job job =
        wait_until(world, submit(world, (struct job_spec){.type = STR("broken")}), is_final);
    assert_int_equal(job.state, JOB_FAILED);
    assert_int_equal(job.attempt, 1);
    assert_int_equal(job.error.code, ERR_SOURCE_DATA);
    assert_non_null(strstr(job.error.message.ptr, "day"));
    assert_null(strstr(job.error.message.ptr, "no day at all"));
    assert_int_equal(shop_count_files(&world->shop), 0);
}

static atomic_bool is_deaf;
static const struct store_ops *real_ops;

static bool heartbeat(struct store *store, const struct ticket *tickets, size_t count,
                      bool *out_is_lost, struct err *err)
{
    if (atomic_load(&is_deaf))
        return err_set(err, ERR_UNAVAILABLE, "the store is away");
    return real_ops->heartbeat(store, tickets, count, out_is_lost, err);
}

static void wait_for_away(struct world *world, size_t want)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct pool_use use = {.away = want + 1};
    while (use.away != want && clock_monotonic_ms() < end_ms) {
        (void)nanosleep(&pause, NULL);
        pool_read_use(world->pool, &use);
    }
    assert_int_equal(use.away, want);
}

static void a_store_that_goes_away_while_all_run_is_seen_to_go_and_to_come_back(void **state)
{
    struct world *world = *state;
    real_ops = world->store->ops;
    struct store_ops ops = *real_ops;
    ops.heartbeat = heartbeat;
    world->store->ops = &ops;
    struct uuid id = submit(world, (struct job_spec){.type = STR("endless")});
    start(world, 1, 0);
    (void)wait_until(world, id, is_running);
    wait_for_away(world, 0);
    atomic_store(&is_deaf, true);
    wait_for_away(world, 1);
    atomic_store(&is_deaf, false);
    wait_for_away(world, 0);
    pool_free(world->pool);
    world->pool = NULL;
    world->store->ops = real_ops;
}

static void a_source_that_is_away_is_tried_again_until_the_attempts_are_used_up(void **state)
{
    struct world *world = *state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/shop.db", world->shop.directory);
    assert_int_equal(unlink(path), 0);
    start(world, 1, 0);
    struct job job =
        wait_until(world, submit(world, (struct job_spec){.type = STR("orders")}), is_final);
    assert_int_equal(job.state, JOB_FAILED);
    assert_int_equal(job.attempt, 3);
    assert_int_equal(job.error.code, ERR_SOURCE_UNAVAILABLE);
    assert_int_equal(shop_count_files(&world->shop), 0);
}

/* Cancelling `type` while it runs frees the worker within a second. */
static void cancel_frees_the_worker(struct world *world, struct str type)
{
    start(world, 1, 0);
    struct uuid id = submit(world, (struct job_spec){.type = type});
    (void)wait_until(world, id, is_running);
    struct job job;
    struct err err = {0};
    int64_t begin_ms = clock_monotonic_ms();
    assert_true(store_cancel(world->store, id, &somebody, &world->arena, &job, NULL, &err));
    assert_int_equal(job.state, JOB_CANCELLED);
    struct uuid next = submit(world, (struct job_spec){.type = STR("orders"), .limit = 1});
    assert_int_equal(wait_until(world, next, is_final).state, JOB_COMPLETED);
    int64_t took_ms = clock_monotonic_ms() - begin_ms;
    print_message("the worker was free after %lld ms\n", (long long)took_ms);
    assert_int_equal(get(world, id).state, JOB_CANCELLED);
    assert_int_equal(shop_count_files(&world->shop), 1);
}

static void cancel_stops_a_job_that_writes_rows(void **state)
{
    cancel_frees_the_worker(*state, STR("endless"));
}

static void cancel_stops_a_job_whose_query_never_gives_a_row(void **state)
{
    cancel_frees_the_worker(*state, STR("silent"));
}

static void a_job_that_is_cancelled_and_retried_at_once_runs_to_its_end(void **state)
{
    struct world *world = *state;
    start(world, 2, 0);
    for (int i = 0; i < 200; i++) {
        struct uuid id = submit(world, (struct job_spec){.type = STR("orders"), .limit = 1});
        struct job job;
        struct err err = {0};
        if (store_cancel(world->store, id, &somebody, &world->arena, &job, NULL, &err))
            assert_true(store_retry(world->store, id, &somebody, &world->arena, &job, &err));
        job = wait_until(world, id, is_final);
        assert_int_equal(job.state, JOB_COMPLETED);
    }
}

static void a_job_over_its_time_fails_and_is_not_tried_again(void **state)
{
    struct world *world = *state;
    start(world, 1, 200);
    struct job job =
        wait_until(world, submit(world, (struct job_spec){.type = STR("silent")}), is_final);
    assert_int_equal(job.state, JOB_FAILED);
    assert_int_equal(job.attempt, 1);
    assert_int_equal(job.error.code, ERR_GUARD_RAIL);
}

static void a_job_over_its_rows_or_bytes_fails_and_says_which(void **state)
{
    struct world *world = *state;
    world->shop.runner.max_rows = 999;
    world->shop.runner.max_bytes = 1000000;
    start(world, 1, 0);
    struct job job =
        wait_until(world, submit(world, (struct job_spec){.type = STR("orders")}), is_final);
    assert_int_equal(job.error.code, ERR_GUARD_RAIL);
    assert_non_null(strstr(job.error.message.ptr, "EXPORT_MAX_ROWS"));
    world->shop.runner.max_rows = 0;
    job = wait_until(world, submit(world, (struct job_spec){.type = STR("endless")}), is_final);
    assert_int_equal(job.error.code, ERR_GUARD_RAIL);
    assert_non_null(strstr(job.error.message.ptr, "EXPORT_MAX_BYTES"));
    assert_int_equal(shop_count_files(&world->shop), 0);
}

static void a_drain_lets_short_jobs_end(void **state)
{
    struct world *world = *state;
    start(world, 1, 0);
    struct uuid id = submit(world, (struct job_spec){.type = STR("orders")});
    (void)wait_until(world, id, is_running);
    assert_int_equal(pool_drain(world->pool, PATIENCE_MS), 0);
    pool_free(world->pool);
    world->pool = NULL;
    assert_int_equal(get(world, id).state, JOB_COMPLETED);
}

static void a_drain_gives_back_what_does_not_end_and_the_next_pool_takes_it(void **state)
{
    struct world *world = *state;
    start(world, 2, 0);
    struct uuid id = submit(world, (struct job_spec){.type = STR("endless")});
    (void)wait_until(world, id, is_running);
    assert_int_equal(pool_drain(world->pool, 10), 1);
    pool_free(world->pool);
    struct job job = get(world, id);
    assert_int_equal(job.state, JOB_QUEUED);
    assert_int_equal(job.attempt, 0);
    assert_int_equal(shop_count_files(&world->shop), 0);
    start(world, 1, 0);
    job = wait_until(world, id, is_running);
    assert_int_equal(job.attempt, 1);
}

static void a_removed_job_leaves_no_file_behind(void **state)
{
    struct world *world = *state;
    start(world, 1, 0);
    struct uuid id = submit(world, (struct job_spec){.type = STR("endless")});
    (void)wait_until(world, id, is_running);
    struct job job;
    struct err err = {0};
    assert_true(store_remove(world->store, id, &somebody, &world->arena, &job, NULL, &err));
    struct uuid next = submit(world, (struct job_spec){.type = STR("orders"), .limit = 1});
    assert_int_equal(wait_until(world, next, is_final).state, JOB_COMPLETED);
    assert_int_equal(shop_count_files(&world->shop), 1);
}

struct heard {
    atomic_uint started;
    atomic_uint completed;
    atomic_uint retried;
    atomic_uint failed;
    int64_t rows; /* the thread's own: there is one worker */
};

static void hear_start(void *target, const struct job *job, double wait_s)
{
    struct heard *heard = target;
    assert_true(job->state == JOB_RUNNING && wait_s >= 0 && wait_s < PATIENCE_MS);
    atomic_fetch_add(&heard->started, 1);
}

static void hear_end(void *target, const struct job *job, const struct job_file *file, double run_s)
{
    struct heard *heard = target;
    assert_true(str_equal(job->spec.type, STR("orders")) && file->size > 0 && run_s >= 0);
    heard->rows = file->rows;
    atomic_fetch_add(&heard->completed, 1);
}

static void hear_failure(void *target, const struct job *job)
{
    struct heard *heard = target;
    assert_int_not_equal(job->error.code, ERR_NONE);
    atomic_fetch_add(job->state == JOB_QUEUED ? &heard->retried : &heard->failed, 1);
}

/* A watcher may hear that a job runs before its worker has noted so. */
static void wait_until_busy(struct pool *pool, size_t busy)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct pool_use use = {0};
    pool_read_use(pool, &use);
    while (use.busy != busy && clock_monotonic_ms() < end_ms) {
        (void)nanosleep(&pause, NULL);
        pool_read_use(pool, &use);
    }
    assert_int_equal(use.busy, busy);
    assert_int_equal(use.all, 1);
}

/* The store tells watchers before the pool tells its listener; a drain waits for both. */
static void a_listener_hears_each_attempt_begin_and_end(void **state)
{
    struct world *world = *state;
    struct heard heard = {.rows = 0};
    const struct job_listener listener = {hear_start, hear_end, hear_failure, &heard};
    world->listener = &listener;
    start(world, 1, 0);
    struct uuid good = submit(world, (struct job_spec){.type = STR("orders"), .limit = 7});
    struct uuid bad = submit(world, (struct job_spec){.type = STR("no_such_type")});
    assert_int_equal(wait_until(world, good, is_final).state, JOB_COMPLETED);
    assert_int_equal(wait_until(world, bad, is_final).state, JOB_FAILED);
    struct uuid endless = submit(world, (struct job_spec){.type = STR("endless")});
    (void)wait_until(world, endless, is_running);
    wait_until_busy(world->pool, 1);
    assert_int_equal(pool_drain(world->pool, 0), 1);
    assert_int_equal(heard.started, 3);
    assert_int_equal(heard.completed, 1);
    assert_int_equal(heard.retried, 0);
    assert_int_equal(heard.failed, 1);
    assert_int_equal(heard.rows, 7);
    wait_until_busy(world->pool, 0);
}

int main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_job_becomes_a_file_with_the_owners_rows),
        IN_A_WORLD(a_hundred_jobs_on_four_workers_all_complete),
        IN_A_WORLD(a_value_that_does_not_fit_fails_the_job_at_once_and_leaves_no_file),
        IN_A_WORLD(a_store_that_goes_away_while_all_run_is_seen_to_go_and_to_come_back),
        IN_A_WORLD(a_source_that_is_away_is_tried_again_until_the_attempts_are_used_up),
        IN_A_WORLD(cancel_stops_a_job_that_writes_rows),
        IN_A_WORLD(cancel_stops_a_job_whose_query_never_gives_a_row),
        IN_A_WORLD(a_job_that_is_cancelled_and_retried_at_once_runs_to_its_end),
        IN_A_WORLD(a_job_over_its_time_fails_and_is_not_tried_again),
        IN_A_WORLD(a_job_over_its_rows_or_bytes_fails_and_says_which),
        IN_A_WORLD(a_drain_lets_short_jobs_end),
        IN_A_WORLD(a_drain_gives_back_what_does_not_end_and_the_next_pool_takes_it),
        IN_A_WORLD(a_removed_job_leaves_no_file_behind),
        IN_A_WORLD(a_listener_hears_each_attempt_begin_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

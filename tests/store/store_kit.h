/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of stores share: a store to be tested, in a world with a clock that tests set and
 * a hub that is watched. A suite is a table of tests that hold for every store; test_store.c runs
 * each suite.
 */
#ifndef TESTS_STORE_STORE_KIT_H
#define TESTS_STORE_STORE_KIT_H

#include "queue/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

/* One kind of store. */
struct store_case {
    const char *name;
    struct store *(*make)(const struct store_options *options, const struct clock *clock,
                          struct hub *hub);
    bool is_serial; /* changes of different jobs are published in the order they happened, too */
};

/* The store that a program tests: case_memory.c, case_postgres.c. */
extern const struct store_case store_case;

/* Whether it can be tested here; says so if not. Then main returns STORE_CASE_IS_SKIPPED. */
bool store_case_is_here(void);
enum { STORE_CASE_IS_SKIPPED = 77 };

/* A clock that stands until it is moved; thread-safe. */
struct test_clock {
    struct clock base;
    atomic_llong now_ms;
    atomic_llong steady_ms;
};

void test_clock_init(struct test_clock *clock);
void test_clock_advance(struct test_clock *clock, int64_t ms);
void test_clock_set_by(struct test_clock *clock, int64_t ms); /* the wall clock alone */

struct world {
    const struct store_case *store_case;
    struct test_clock clock;
    struct hub *hub;
    struct store_options options; /* the defaults, without jitter */
    struct store *store;
    struct watcher *watcher; /* of all jobs */
    struct arena arena;      /* for all that a test is given */
    struct err err;
};

/* For cmocka: *state is a store_case before, a world after. */
int world_begin(void **state);
int world_end(void **state);

/* The store anew, after a test has changed world->options. */
void world_restart(struct world *world);

int64_t world_now(const struct world *world);

/* Who acts where it does not matter who. */
extern const struct actor somebody;

/* The next change that was published, waiting for it if need be; fails the test after 10 s. */
enum watch_result world_next_change(struct world *world, struct job *out);

/* ---- Calls that are to succeed ---- */

/* A job of type "trades" as csv. */
struct job create_job(struct world *world, const char *owner);
struct job_draft draft_of(const char *owner, const char *request_id);
struct job get_job(struct world *world, struct uuid id);
struct job claim_job(struct world *world, struct ticket *out_ticket);
bool is_anything_due(struct world *world); /* claims, and releases again */
void complete_job(struct world *world, const struct ticket *ticket, int64_t size);
void fail_job(struct world *world, const struct ticket *ticket, enum err_code code);

/* Who is told of ends from now on, and what that changed. */
struct subscribers_change tell(struct world *world, const struct subscriber *list, size_t count);

/* How many jobs had lost their worker. */
size_t rescue_jobs(struct world *world);

/* Whether this call did it. */
bool expire_job(struct world *world, struct uuid id);

/* A job of `owner` brought to a state by legal means; the jobs of other tests are not in the way.
 */
struct job job_in_state(struct world *world, const char *owner, enum job_state state);

#define assert_ok(world, call)                                                       \
    do {                                                                             \
        if (!(call))                                                                 \
            fail_msg("%s: %s", err_code_name((world)->err.code), (world)->err.text); \
    } while (0)

#define assert_refused(world, call, expected)                                           \
    do {                                                                                \
        assert_false(call);                                                             \
        assert_string_equal(err_code_name((world)->err.code), err_code_name(expected)); \
        assert_true((world)->err.text[0] != '\0');                                      \
    } while (0)

#define assert_state(job, expected) \
    assert_string_equal(job_state_name((job).state), job_state_name(expected))

#define assert_text(str, expected) assert_true(str_equal((str), str_of(expected)))
#define assert_same_job(a, b)      assert_true(uuid_equal((a).id, (b).id))

/* ---- Suites; each table ends with a test without a name ---- */

struct store_test {
    const char *name;
    void (*run)(void **state);
};

#define STORE_TEST(function) \
    {                        \
#function, function  \
    }

extern const struct store_test suite_jobs[];
extern const struct store_test suite_claims[];
extern const struct store_test suite_settling[];
extern const struct store_test suite_time[];
extern const struct store_test suite_downloads[];
extern const struct store_test suite_audit[];
extern const struct store_test suite_outbox[];
extern const struct store_test suite_deliveries[];
extern const struct store_test suite_subscribers[];
extern const struct store_test suite_threads[];

#endif

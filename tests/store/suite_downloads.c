/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens and the download lease, as short scripts: each step is one call and what it is to answer.
 * Files are of 100 bytes.
 */
#include "tests/store/store_kit.h"

enum op { END, ISSUE, OPEN, RENEW, CLOSE, PASS };
enum { SIZE = 100, STEPS_MAX = 16, NUMBERS_MAX = 4, LEASE_MS = 30000, GRACE_MS = 60000 };
enum { RETENTION_MS = 15 * 60 * 1000 };

struct step {
    enum op op;
    enum err_code expected;
    int number;   /* ISSUE: as which token to remember it; OPEN: by which token */
    int lease;    /* OPEN: as which lease to remember it; RENEW, CLOSE: which */
    int64_t from; /* OPEN: the offset; PASS: milliseconds */
    int64_t to;
    int64_t sent; /* CLOSE: bytes that left but may not have come; 0: as `to` */
};

/* ISSUE_(token), OPEN_(token, lease, offset), RENEW_(lease, from, to), …; _NO: refused with code.
 */
#define ISSUE_(t)                      \
    {                                  \
        ISSUE, ERR_NONE, t, 0, 0, 0, 0 \
    }
#define ISSUE_NO(code)             \
    {                              \
        ISSUE, code, 0, 0, 0, 0, 0 \
    }
#define OPEN_(t, l, offset)                \
    {                                      \
        OPEN, ERR_NONE, t, l, offset, 0, 0 \
    }
#define OPEN_NO(t, offset, code)       \
    {                                  \
        OPEN, code, t, 0, offset, 0, 0 \
    }
#define RENEW_(l, from, to)                \
    {                                      \
        RENEW, ERR_NONE, 0, l, from, to, 0 \
    }
#define RENEW_NO(l, from, to)              \
    {                                      \
        RENEW, ERR_BUSY, 0, l, from, to, 0 \
    }
#define CLOSE_(l, from, to)                \
    {                                      \
        CLOSE, ERR_NONE, 0, l, from, to, 0 \
    }
#define BREAK_(l, from, to, sent)             \
    {                                         \
        CLOSE, ERR_NONE, 0, l, from, to, sent \
    }
#define PASS_(ms)                      \
    {                                  \
        PASS, ERR_NONE, 0, 0, ms, 0, 0 \
    }

struct script {
    const char *name;
    int64_t size;
    int32_t downloads_per_job;
    struct step steps[STEPS_MAX];
};

static const struct script scripts[] = {
    {"a whole download spends the token",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), RENEW_(0, 0, 50), CLOSE_(0, 0, SIZE), OPEN_NO(0, 0, ERR_USED),
      ISSUE_NO(ERR_USED)}},
    {"a whole download that is told of when the lease is another's counts all the same",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), PASS_(LEASE_MS), OPEN_(0, 1, 0), CLOSE_(0, 0, SIZE),
      CLOSE_(1, 0, 1), OPEN_NO(0, 0, ERR_USED), ISSUE_NO(ERR_USED)}},
    {"what is told late counts once, and in part not at all",
     SIZE,
     2,
     {ISSUE_(0), OPEN_(0, 0, 0), PASS_(LEASE_MS), OPEN_(0, 1, 0), CLOSE_(0, 0, SIZE - 1),
      CLOSE_(1, 0, SIZE), CLOSE_(0, 0, SIZE), CLOSE_(1, 0, SIZE), OPEN_NO(0, 0, ERR_USED),
      ISSUE_(1), CLOSE_(0, 0, SIZE), OPEN_(1, 2, 0), CLOSE_(2, 0, SIZE), ISSUE_NO(ERR_USED)}},
    {"a token that was never used stays good",
     SIZE,
     1,
     {ISSUE_(0), PASS_(RETENTION_MS - 1), OPEN_(0, 0, 0), CLOSE_(0, 0, 0), OPEN_(0, 1, 0)}},
    {"a second download meanwhile is told to come back, and has lost nothing",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), OPEN_NO(0, 0, ERR_BUSY), OPEN_NO(0, 50, ERR_BUSY),
      CLOSE_(0, 0, 30), OPEN_(0, 1, 0), CLOSE_(1, 0, SIZE), OPEN_NO(0, 0, ERR_USED)}},
    {"a broken transfer resumes where it stopped",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, 40), OPEN_(0, 1, 40), CLOSE_(1, 40, 70),
      OPEN_(0, 2, 70), CLOSE_(2, 70, SIZE), OPEN_NO(0, 0, ERR_USED)}},
    {"a transfer may begin again from 0 until the token is spent",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, 99), OPEN_(0, 1, 0), CLOSE_(1, 0, 10), OPEN_(0, 2, 0),
      CLOSE_(2, 0, SIZE), OPEN_NO(0, 0, ERR_USED)}},
    {"only a contiguous prefix counts",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 50), CLOSE_(0, 50, SIZE), OPEN_(0, 1, 99), CLOSE_(1, 99, SIZE),
      OPEN_(0, 2, 0), CLOSE_(2, 0, 49), OPEN_(0, 0, 50), CLOSE_(0, 50, SIZE), OPEN_(0, 1, 49),
      CLOSE_(1, 49, SIZE), OPEN_NO(0, 0, ERR_USED)}},
    {"who resumes within what was sent has what came before",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), BREAK_(0, 0, 40, 60), OPEN_(0, 1, 60), BREAK_(1, 60, 70, 90),
      OPEN_(0, 2, 80), CLOSE_(2, 80, SIZE), OPEN_NO(0, 0, ERR_USED)}},
    {"what was sent is not yet taken",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), BREAK_(0, 0, 40, SIZE), OPEN_(0, 1, 0), CLOSE_(1, 0, SIZE),
      OPEN_NO(0, 0, ERR_USED)}},
    {"what was sent out of order does not count",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 50), BREAK_(0, 50, 60, 90), OPEN_(0, 1, 80), CLOSE_(1, 80, SIZE),
      OPEN_(0, 2, 0)}},
    {"a tail may be fetched again for a while",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, SIZE), OPEN_(0, 1, 90), CLOSE_(1, 90, SIZE),
      OPEN_NO(0, 0, ERR_USED), PASS_(GRACE_MS - 1), OPEN_(0, 2, 1), CLOSE_(2, 1, SIZE), PASS_(1),
      OPEN_NO(0, 90, ERR_USED)}},
    {"fetching a tail again does not count as a download",
     SIZE,
     2,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, SIZE), OPEN_(0, 1, 90), CLOSE_(1, 90, SIZE),
      ISSUE_(1), OPEN_(1, 0, 0), CLOSE_(0, 0, SIZE), ISSUE_NO(ERR_USED)}},
    {"a lease that is not renewed goes to the next",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), PASS_(LEASE_MS - 1), OPEN_NO(0, 0, ERR_BUSY), RENEW_(0, 0, 10),
      PASS_(LEASE_MS - 1), OPEN_NO(0, 0, ERR_BUSY), PASS_(1), OPEN_(0, 1, 0), RENEW_NO(0, 0, 20),
      CLOSE_(0, 0, 20), RENEW_(1, 0, 5), OPEN_NO(0, 0, ERR_BUSY), CLOSE_(1, 0, 5), OPEN_(0, 2, 0)}},
    {"a lease that ran out and that nobody wanted goes on",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), PASS_(2 * LEASE_MS), RENEW_(0, 0, 10), OPEN_NO(0, 0, ERR_BUSY),
      CLOSE_(0, 0, SIZE), OPEN_NO(0, 0, ERR_USED)}},
    {"a lease given back is no lease",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, 10), RENEW_NO(0, 0, SIZE), CLOSE_(0, 0, 90),
      OPEN_(0, 1, 90), CLOSE_(1, 90, SIZE), OPEN_(0, 0, 0)}},
    {"a fresh token ends the older ones",
     SIZE,
     1,
     {ISSUE_(0), ISSUE_(1), OPEN_NO(0, 0, ERR_EXPIRED), OPEN_(1, 0, 0), CLOSE_(0, 0, 40), ISSUE_(2),
      OPEN_NO(1, 40, ERR_EXPIRED), OPEN_(2, 1, 40), CLOSE_(1, 40, SIZE), OPEN_NO(2, 0, ERR_USED)}},
    {"a download under way survives a fresh token, and uses it up",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), ISSUE_(1), OPEN_NO(1, 0, ERR_BUSY), RENEW_(0, 0, 60),
      CLOSE_(0, 0, SIZE), OPEN_NO(1, 0, ERR_USED), OPEN_NO(0, 0, ERR_EXPIRED), ISSUE_NO(ERR_USED)}},
    {"a download under way that ends leaves the fresh token good where another may follow",
     SIZE,
     0,
     {ISSUE_(0), OPEN_(0, 0, 0), ISSUE_(1), CLOSE_(0, 0, SIZE), OPEN_NO(0, 0, ERR_EXPIRED),
      OPEN_(1, 1, 0), CLOSE_(1, 0, 40), OPEN_(1, 2, 40), CLOSE_(2, 40, SIZE),
      OPEN_NO(1, 0, ERR_USED)}},
    {"a fresh token for the last download is not used up by the one before",
     SIZE,
     2,
     {ISSUE_(0), OPEN_(0, 0, 0), ISSUE_(1), RENEW_(0, 0, SIZE), CLOSE_(0, 0, SIZE), OPEN_(1, 1, 0),
      CLOSE_(1, 0, SIZE), OPEN_NO(1, 0, ERR_USED), ISSUE_NO(ERR_USED)}},
    {"a download under way that breaks leaves the fresh token good",
     SIZE,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), ISSUE_(1), CLOSE_(0, 0, 60), OPEN_(1, 1, 60), CLOSE_(1, 60, SIZE),
      ISSUE_NO(ERR_USED)}},
    {"so many downloads and no more",
     SIZE,
     2,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, SIZE), OPEN_NO(0, 0, ERR_USED), ISSUE_(1),
      OPEN_NO(0, 90, ERR_EXPIRED), OPEN_(1, 1, 0), CLOSE_(1, 0, 50), OPEN_(1, 2, 50),
      CLOSE_(2, 50, SIZE), ISSUE_NO(ERR_USED)}},
    {"any number of downloads, each behind a fresh token",
     SIZE,
     0,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, SIZE), OPEN_NO(0, 0, ERR_USED), ISSUE_(0),
      OPEN_(0, 0, 0), CLOSE_(0, 0, SIZE), ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, SIZE),
      OPEN_NO(0, 0, ERR_USED)}},
    {"a further download begins from nothing",
     SIZE,
     0,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, SIZE), ISSUE_(1), OPEN_(1, 1, 0), CLOSE_(1, 0, 10),
      OPEN_(1, 2, 0), CLOSE_(2, 0, 20), OPEN_(1, 3, 20), CLOSE_(3, 20, SIZE),
      OPEN_NO(1, 0, ERR_USED)}},
    {"a lease that was never given is none",
     SIZE,
     1,
     {ISSUE_(0), RENEW_NO(3, 0, SIZE), CLOSE_(3, 0, SIZE), OPEN_(0, 0, 0)}},
    {"one transfer counts once, whatever it tells",
     SIZE,
     2,
     {ISSUE_(0), OPEN_(0, 0, 0), RENEW_(0, 0, SIZE), ISSUE_(1), RENEW_(0, 0, SIZE),
      CLOSE_(0, 0, SIZE), OPEN_(1, 1, 0), CLOSE_(1, 0, SIZE), ISSUE_NO(ERR_USED)}},
    {"an offset lies within the file",
     SIZE,
     1,
     {ISSUE_(0), OPEN_NO(0, SIZE + 1, ERR_INVALID), OPEN_NO(0, -1, ERR_INVALID),
      OPEN_NO(0, INT64_MAX, ERR_INVALID), OPEN_(0, 0, SIZE), CLOSE_(0, SIZE, SIZE),
      OPEN_(0, 1, 0)}},
    {"an empty file is spent by its first transfer",
     0,
     1,
     {ISSUE_(0), OPEN_NO(0, 1, ERR_INVALID), OPEN_(0, 0, 0), CLOSE_(0, 0, 0),
      OPEN_NO(0, 0, ERR_USED), ISSUE_NO(ERR_USED)}},
    {"an empty file of which nothing was handed over, not even its header, stays",
     0,
     1,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, -1), OPEN_(0, 1, 0), CLOSE_(1, 0, 0),
      OPEN_NO(0, 0, ERR_USED)}},
    {"an empty file can be had again behind a fresh token",
     0,
     0,
     {ISSUE_(0), OPEN_(0, 0, 0), CLOSE_(0, 0, 0), ISSUE_(1), OPEN_(1, 1, 0), CLOSE_(1, 0, 0),
      OPEN_NO(1, 0, ERR_USED)}},
};

struct numbers {
    int64_t tokens[NUMBERS_MAX];
    int64_t leases[NUMBERS_MAX];
    int64_t opened_by[NUMBERS_MAX]; /* the token of each lease */
};

static bool take_step(struct world *world, struct uuid id, const struct step *step,
                      struct numbers *numbers)
{
    struct store *store = world->store;
    const struct transfer transfer = {step->from, step->to, step->sent ? step->sent : step->to,
                                      numbers->opened_by[step->lease]};
    struct job job;
    switch (step->op) {
    case ISSUE:
        return store_issue_token(store, id, &somebody, &numbers->tokens[step->number], &world->err);
    case OPEN:
        numbers->opened_by[step->lease] = numbers->tokens[step->number];
        return store_download_open(
            store,
            &(struct download_request){id, numbers->tokens[step->number], step->from, somebody},
            &world->arena, &job, &numbers->leases[step->lease], &world->err);
    case RENEW:
        return store_download_renew(store, id, numbers->leases[step->lease], &transfer,
                                    &world->err);
    case CLOSE:
        return store_download_close(store, id, numbers->leases[step->lease], &transfer,
                                    &world->err);
    case PASS:
        test_clock_advance(&world->clock, step->from);
        return true;
    case END:
        break;
    }
    return false;
}

static void play(struct world *world, const struct script *script)
{
    struct ticket ticket;
    struct numbers numbers = {0};
    world->options.downloads_per_job = script->downloads_per_job;
    world_restart(world);
    struct job job = create_job(world, "alice");
    (void)claim_job(world, &ticket);
    complete_job(world, &ticket, script->size);
    for (size_t i = 0; i < STEPS_MAX && script->steps[i].op != END; i++) {
        world->err = (struct err){0};
        (void)take_step(world, job.id, &script->steps[i], &numbers);
        if (world->err.code != script->steps[i].expected)
            fail_msg("%s: step %zu gave %s", script->name, i + 1, err_code_name(world->err.code));
    }
}

static void scripts_of_downloads_end_as_they_should(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < COUNT_OF(scripts); i++)
        play(world, &scripts[i]);
}

static void a_download_is_given_the_job(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    struct job out;
    int64_t token = 0;
    int64_t lease = 0;
    assert_ok(world, store_issue_token(world->store, job.id, &somebody, &token, &world->err));
    assert_ok(world, store_download_open(world->store,
                                         &(struct download_request){job.id, token, 0, somebody},
                                         &world->arena, &out, &lease, &world->err));
    assert_same_job(out, job);
    assert_text(out.file.key, "key");
    assert_int_equal(out.file.size, 100);
    assert_int_equal(out.revision, job.revision); /* downloads are no change of the job */
}

static void who_finds_it_busy_is_told_when_to_come_back(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    int64_t token = 0;
    int64_t lease = 0;
    assert_ok(world, store_issue_token(world->store, job.id, &somebody, &token, &world->err));
    assert_ok(world, store_download_open(world->store,
                                         &(struct download_request){job.id, token, 0, somebody},
                                         &world->arena, &job, &lease, &world->err));
    assert_refused(world,
                   store_download_open(world->store,
                                       &(struct download_request){job.id, token, 0, somebody},
                                       &world->arena, &job, &lease, &world->err),
                   ERR_BUSY);
    assert_in_range(world->err.retry_after_ms, 1, LEASE_MS);
    test_clock_advance(&world->clock, LEASE_MS - 500);
    assert_refused(world,
                   store_download_open(world->store,
                                       &(struct download_request){job.id, token, 0, somebody},
                                       &world->arena, &job, &lease, &world->err),
                   ERR_BUSY);
    assert_in_range(world->err.retry_after_ms, 1, 500);
}

static void only_a_completed_job_can_be_downloaded(void **state)
{
    static const enum err_code expected[JOB_STATE_COUNT] = {
        [JOB_QUEUED] = ERR_NOT_READY,      [JOB_RUNNING] = ERR_NOT_READY,
        [JOB_COMPLETED] = ERR_NONE,        [JOB_FAILED] = ERR_WRONG_STATE,
        [JOB_CANCELLED] = ERR_WRONG_STATE, [JOB_EXPIRED] = ERR_EXPIRED,
    };
    static const struct transfer transfer = {0, 1, 1, 1};
    struct world *world = *state;
    for (int from = 0; from < JOB_STATE_COUNT; from++) {
        struct job job = job_in_state(world, "alice", (enum job_state)from);
        int64_t number = 0;
        enum err_code code = expected[from];
        bool is_ok = store_issue_token(world->store, job.id, &somebody, &number, &world->err);
        assert_int_equal(is_ok ? ERR_NONE : world->err.code, code);
        is_ok = store_download_open(world->store,
                                    &(struct download_request){job.id, number, 0, somebody},
                                    &world->arena, &job, &number, &world->err);
        assert_int_equal(is_ok ? ERR_NONE : world->err.code, code);
        assert_ok(world, store_remove(world->store, job.id, &somebody, &world->arena, &job, NULL,
                                      &world->err));
        /* A download of a job that is gone ends without a fuss. */
        assert_ok(world,
                  store_download_close(world->store, job.id, number, &transfer, &world->err));
        assert_refused(world,
                       store_download_renew(world->store, job.id, number, &transfer, &world->err),
                       ERR_BUSY);
    }
}

static void a_download_under_way_holds_off_retention(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    const struct job *expired = NULL;
    size_t count = 0;
    int64_t token = 0;
    int64_t lease = 0;
    assert_ok(world, store_issue_token(world->store, job.id, &somebody, &token, &world->err));
    test_clock_advance(&world->clock, world->options.retention_ms - 1);
    assert_ok(world, store_download_open(world->store,
                                         &(struct download_request){job.id, token, 0, somebody},
                                         &world->arena, &job, &lease, &world->err));
    test_clock_advance(&world->clock, 1);
    assert_ok(world,
              store_list_expired(world->store, 10, &world->arena, &expired, &count, &world->err));
    assert_int_equal(count, 0);
    test_clock_advance(&world->clock, LEASE_MS); /* the lease runs out */
    assert_ok(world,
              store_list_expired(world->store, 10, &world->arena, &expired, &count, &world->err));
    assert_int_equal(count, 1);
}

/* Between these two calls the janitor removes the file: nobody may begin to read it. */
static void what_is_listed_as_expired_is_not_given_out_any_more(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    const struct job *expired = NULL;
    size_t count = 0;
    int64_t token = 0;
    int64_t lease = 0;
    assert_ok(world, store_issue_token(world->store, job.id, &somebody, &token, &world->err));
    test_clock_advance(&world->clock, world->options.retention_ms);
    assert_ok(world,
              store_list_expired(world->store, 10, &world->arena, &expired, &count, &world->err));
    assert_int_equal(count, 1);
    assert_refused(world,
                   store_download_open(world->store,
                                       &(struct download_request){job.id, token, 0, somebody},
                                       &world->arena, &job, &lease, &world->err),
                   ERR_EXPIRED);
    assert_refused(world, store_issue_token(world->store, job.id, &somebody, &token, &world->err),
                   ERR_EXPIRED);
    char id[UUID_TEXT_LEN + 1];
    uuid_format(job.id, id);
    assert_non_null(strstr(world->err.text, id));
    (void)expire_job(world, job.id);
}

static void a_token_that_was_never_issued_opens_nothing(void **state)
{
    struct world *world = *state;
    struct job job = job_in_state(world, "alice", JOB_COMPLETED);
    int64_t lease = 0;
    for (int64_t token = -1; token <= 1; token++)
        assert_refused(world,
                       store_download_open(world->store,
                                           &(struct download_request){job.id, token, 0, somebody},
                                           &world->arena, &job, &lease, &world->err),
                       ERR_EXPIRED);
}

const struct store_test suite_downloads[] = {
    STORE_TEST(scripts_of_downloads_end_as_they_should),
    STORE_TEST(a_download_is_given_the_job),
    STORE_TEST(who_finds_it_busy_is_told_when_to_come_back),
    STORE_TEST(only_a_completed_job_can_be_downloaded),
    STORE_TEST(a_download_under_way_holds_off_retention),
    STORE_TEST(what_is_listed_as_expired_is_not_given_out_any_more),
    STORE_TEST(a_token_that_was_never_issued_opens_nothing),
    {0},
};

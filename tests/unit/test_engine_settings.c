/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings: environment first, flags win, mistakes are errors that say what would be accepted.
 */
#include "engine/settings.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX_ARGS = 8 };

struct reading {
    struct arena arena;
    struct settings settings;
    struct err err;
};

/* NULL ends each list. */
static bool read_as(enum program program, struct reading *reading, const char *const *environment,
                    const char *const *flags)
{
    char *argv[MAX_ARGS] = {(char *)(uintptr_t) "exportqd"};
    int argc = 1;
    for (; *flags; flags++)
        argv[argc++] = (char *)(uintptr_t)*flags;
    *reading = (struct reading){0};
    const struct settings_input input = {program, argc, argv,
                                         (char *const *)(uintptr_t)environment};
    return settings_read(&input, &reading->arena, &reading->settings, &reading->err);
}

static bool read_from(struct reading *reading, const char *const *environment,
                      const char *const *flags)
{
    return read_as(PROGRAM_EXPORTQD, reading, environment, flags);
}

static const char *const nothing[] = {NULL};

static char *printed_by(enum program program, const struct settings *settings)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    settings_print(program, settings, out);
    (void)fclose(out);
    return text;
}

static char *printed(const struct settings *settings)
{
    return printed_by(PROGRAM_EXPORTQD, settings);
}

static void defaults_are_those_of_the_contract(void **state)
{
    (void)state;
    struct reading r;
    assert_true(read_from(&r, nothing, nothing));
    const struct settings *s = &r.settings;
    assert_false(s->has_queue);
    assert_false(s->is_persistent);
    assert_true(str_equal(s->listen, STR("127.0.0.1:50051")));
    assert_int_equal(s->max_active_per_user, 5);
    assert_int_equal(s->max_created_per_minute, 600);
    assert_int_equal(s->max_tokens_per_minute, 600);
    assert_int_equal(s->max_watches_per_user, 1000);
    assert_int_equal(s->max_watches, 16000);
    assert_int_equal(s->max_downloads_per_user, 20);
    assert_int_equal(s->max_downloads, 500);
    assert_int_equal(s->max_filters, 64);
    assert_int_equal(s->max_columns, 2000);
    assert_int_equal(s->max_values, 1000);
    assert_int_equal(s->max_attempts, 3);
    assert_int_equal(s->retry_base_ms, 500);
    assert_int_equal(s->retry_cap_ms, 30000);
    assert_int_equal(s->token_ttl_ms, 10 * 60 * 1000);
    assert_int_equal(s->downloads_per_job, 1);
    assert_int_equal(s->retention_ms, 15 * 60 * 1000);
    assert_int_equal(s->max_rows, 0);
    assert_int_equal(s->max_bytes, 0);
    assert_int_equal(s->job_timeout_ms, 60 * 60 * 1000);
    assert_true(s->workers >= 1);
    assert_true(str_equal(s->auth, STR("none")));
    assert_false(s->allows_plaintext);
    assert_true(str_equal(s->jwt_owner_claim, STR("sub")));
    assert_true(str_equal(s->jwt_role_claim, STR("role")));
    assert_true(str_equal(s->jwt_admin_role, STR("export-admin")));
    assert_int_equal(s->jwt_clock_skew_ms, 30000);
    assert_true(str_is_empty(s->jwt_keys) && str_is_empty(s->mtls_admins));
    arena_done(&r.arena);
}

static void demo_turns_the_queue_on_unless_told_otherwise(void **state)
{
    (void)state;
    struct reading r;
    assert_true(read_from(&r, nothing, (const char *const[]){"--demo", NULL}));
    assert_true(r.settings.is_demo && r.settings.has_queue);
    arena_done(&r.arena);
    assert_true(read_from(&r, (const char *const[]){"ENABLE_EXPORT_QUEUE=0", NULL},
                          (const char *const[]){"--demo", NULL}));
    assert_false(r.settings.has_queue);
    arena_done(&r.arena);
}

static void a_worker_of_its_own_is_persistent(void **state)
{
    (void)state;
    struct reading r;
    assert_true(read_as(PROGRAM_WORKER, &r, nothing, nothing));
    assert_true(r.settings.has_queue && r.settings.is_persistent);
    arena_done(&r.arena);
    assert_false(read_as(PROGRAM_WORKER, &r, nothing, (const char *const[]){"--demo", NULL}));
    assert_non_null(strstr(r.err.text, "exportq-worker --help"));
    arena_done(&r.arena);
}

static void what_is_durable_is_kept_longer(void **state)
{
    (void)state;
    struct reading r;
    assert_true(read_from(&r, (const char *const[]){"ENABLE_PERSIST_EXPORT=1", NULL}, nothing));
    assert_int_equal(r.settings.retention_ms, INT64_C(7) * 24 * 60 * 60 * 1000);
    arena_done(&r.arena);
    assert_true(
        read_from(&r, (const char *const[]){"ENABLE_PERSIST_EXPORT=1", "EXPORT_RETENTION=1h", NULL},
                  nothing));
    assert_int_equal(r.settings.retention_ms, 60 * 60 * 1000);
    arena_done(&r.arena);
}

static void a_number_out_of_its_range_is_told_the_range(void **state)
{
    (void)state;
    struct reading r;
    assert_false(read_from(&r, nothing, (const char *const[]){"--workers=-1", NULL}));
    assert_string_equal(r.err.text, "EXPORT_WORKERS is \"-1\"; it takes 0 to 256");
    arena_done(&r.arena);
    assert_false(read_from(&r, nothing, (const char *const[]){"--token-ttl=0s", NULL}));
    assert_string_equal(r.err.text, "EXPORT_TOKEN_TTL is \"0s\"; it takes 1s to 7d");
    arena_done(&r.arena);
    assert_false(read_from(&r, nothing, (const char *const[]){"--max-bytes=-1", NULL}));
    assert_string_equal(r.err.text, "EXPORT_MAX_BYTES is \"-1\"; it takes a size such as 64KB, "
                                    "500MB or 2GB, or none");
    arena_done(&r.arena);
}

static void a_flag_wins_over_the_environment_in_each_spelling(void **state)
{
    (void)state;
    static const char *const spellings[][3] = {
        {"--export-workers=3", NULL},
        {"--export-workers", "3", NULL},
        {"--workers", "3", NULL},
        {"--workers=3", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        struct reading r;
        assert_true(read_from(&r, (const char *const[]){"EXPORT_WORKERS=7", NULL}, spellings[i]));
        assert_int_equal(r.settings.workers, 3);
        arena_done(&r.arena);
    }
}

static void durations_and_sizes_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *pair;
        int64_t expected;
        size_t offset;
    } cases[] = {
        {"EXPORT_TOKEN_TTL=90s", 90000, offsetof(struct settings, token_ttl_ms)},
        {"EXPORT_TOKEN_TTL=10 min", 600000, offsetof(struct settings, token_ttl_ms)},
        {"EXPORT_TOKEN_TTL=2h", 7200000, offsetof(struct settings, token_ttl_ms)},
        {"EXPORT_RETENTION=7 days", 604800000, offsetof(struct settings, retention_ms)},
        {"EXPORT_RETENTION=1500ms", 1500, offsetof(struct settings, retention_ms)},
        {"EXPORT_MAX_BYTES=2GB", 2000000000, offsetof(struct settings, max_bytes)},
        {"EXPORT_MAX_BYTES=123", 123, offsetof(struct settings, max_bytes)},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading r;
        assert_true(read_from(&r, (const char *const[]){cases[i].pair, NULL}, nothing));
        const char *at = (const char *)&r.settings + cases[i].offset;
        assert_int_equal(*(const int64_t *)(const void *)at, cases[i].expected);
        arena_done(&r.arena);
    }
}

static void each_mistake_is_an_error_that_names_the_setting(void **state)
{
    (void)state;
    static const struct {
        const char *pair; /* in the environment; NULL: see flag */
        const char *flag;
        const char *named;
    } cases[] = {
        {"EXPORT_WORKERZ=1", NULL, "EXPORT_WORKERZ"},
        {"EXPORT_WORKERS=", NULL, "EXPORT_WORKERS"},
        {"EXPORT_WORKERS=two", NULL, "EXPORT_WORKERS"},
        {"EXPORT_WORKERS=-1", NULL, "EXPORT_WORKERS"},
        {"EXPORT_WORKERS=1000", NULL, "EXPORT_WORKERS"},
        {"EXPORT_WORKERS=99999999999999999999", NULL, "EXPORT_WORKERS"},
        {"EXPORT_TOKEN_TTL=10", NULL, "EXPORT_TOKEN_TTL"},
        {"EXPORT_TOKEN_TTL=10 parsecs", NULL, "EXPORT_TOKEN_TTL"},
        {"EXPORT_MAX_BYTES=9223372036854775807GB", NULL, "EXPORT_MAX_BYTES"},
        {"ENABLE_EXPORT_QUEUE=yes", NULL, "ENABLE_EXPORT_QUEUE"},
        {"EXPORT_MAX_ATTEMPTS=0", NULL, "EXPORT_MAX_ATTEMPTS"},
        {"EXPORT_RETRY_CAP_MS=100", NULL, "EXPORT_RETRY_CAP_MS"},
        {"EXPORT_S3_BUCKET=x", NULL, "EXPORT_S3_BUCKET"},
        {NULL, "--aws-secret-access-key=topsecret", "AWS_SECRET_ACCESS_KEY_FILE"},
        {NULL, "--no-such-flag=1", "--no-such-flag"},
        {NULL, "--Workers=1", "--Workers"},
        {NULL, "--workers", "--workers"},
        {NULL, "serve", "serve"},
        {NULL, "-x", "-x"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading r;
        assert_false(read_from(&r, (const char *const[]){cases[i].pair, NULL},
                               (const char *const[]){cases[i].flag, NULL}));
        assert_int_equal(r.err.code, ERR_INVALID);
        assert_non_null(strstr(r.err.text, cases[i].named));
        arena_done(&r.arena);
    }
}

static void a_slip_is_told_what_may_have_been_meant(void **state)
{
    (void)state;
    static const struct {
        const char *pair;
        const char *flag;
        const char *said;
    } cases[] = {
        {"EXPORT_WORKER=1", NULL, "did you mean EXPORT_WORKERS? exportqd --help"},
        {"EXPORT_LISTNE=x", NULL, "did you mean EXPORT_LISTEN?"},
        {"ENABLE_EXPORT_QUEUES=1", NULL, "did you mean ENABLE_EXPORT_QUEUE?"},
        {NULL, "--worker=2", "unknown flag --worker; did you mean --workers?"},
        {NULL, "--export-stat-dir=x", "did you mean --state-dir?"},
        {"EXPORT_COLOUR=1", NULL, "EXPORT_COLOUR; exportqd --help"},
        {NULL, "--nothing=1", "unknown flag --nothing; exportqd --help"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading r;
        assert_false(read_from(&r, (const char *const[]){cases[i].pair, NULL},
                               (const char *const[]){cases[i].flag, NULL}));
        if (!strstr(r.err.text, cases[i].said))
            fail_msg("<%s> does not say <%s>", r.err.text, cases[i].said);
        arena_done(&r.arena);
    }
}

static void what_was_changed_is_found_by_how_it_begins(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *beginning;
        const char *found; /* NULL: none */
    } cases[] = {
        {"EXPORT_AUTH=none", "EXPORT_", NULL},
        {"EXPORT_JWT_ISSUER=", "EXPORT_JWT_", NULL},
        {"EXPORT_JWT_OWNER_CLAIM=sub", "EXPORT_JWT_", NULL},
        {"EXPORT_JWT_OWNER_CLAIM=email", "EXPORT_JWT_", "EXPORT_JWT_OWNER_CLAIM"},
        {"EXPORT_JWT_CLOCK_SKEW=30000ms", "EXPORT_JWT_", NULL},
        {"EXPORT_JWT_CLOCK_SKEW=31s", "EXPORT_JWT_", "EXPORT_JWT_CLOCK_SKEW"},
        {"EXPORT_ALLOW_PLAINTEXT=1", "EXPORT_ALLOW", "EXPORT_ALLOW_PLAINTEXT"},
        {"EXPORT_ALLOW_PLAINTEXT=1", "EXPORT_AUTH", NULL},
        {"EXPORT_API_KEYS=x", "EXPORT_API_KEYS", "EXPORT_API_KEYS"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const environment[] = {cases[i].given, NULL};
        struct reading reading;
        assert_true(read_from(&reading, environment, nothing));
        const char *found = settings_find_changed(&reading.settings, str_of(cases[i].beginning));
        assert_string_equal(found ? found : "none", cases[i].found ? cases[i].found : "none");
        arena_done(&reading.arena);
    }
}

static void settings_of_others_are_not_looked_at(void **state)
{
    (void)state;
    struct reading r;
    assert_true(read_from(
        &r, (const char *const[]){"HOME=/root", "EXPORTER=x", "AWS_PROFILE=x", "NOEQUALS", NULL},
        nothing));
    arena_done(&r.arena);
}

static void a_secret_is_masked_when_settings_are_printed(void **state)
{
    (void)state;
    struct reading r;
    assert_true(read_from(
        &r,
        (const char *const[]){
            "EXPORT_DOWNLOAD_SECRET=k:topsecret", "DATABASE_URL=postgres://me:topsecret@host/name",
            "EXPORT_SOURCE_URL=sqlite:/no/secret", "AWS_ACCESS_KEY_ID=topsecret",
            "AWS_SECRET_ACCESS_KEY=topsecret", "AWS_SESSION_TOKEN=topsecret", NULL},
        nothing));
    char *text = printed(&r.settings);
    assert_non_null(strstr(text, "# EXPORT_DOWNLOAD_SECRET=********\n"));
    assert_null(strstr(text, "topsecret"));
    assert_non_null(strstr(text, "# DATABASE_URL=postgres://********\n"));
    assert_non_null(strstr(text, "\nEXPORT_SOURCE_URL=sqlite:/no/secret\n"));
    assert_non_null(strstr(text, "\nEXPORT_MAX_ATTEMPTS=3\n"));
    assert_non_null(strstr(text, "# AWS_SECRET_ACCESS_KEY=********\n"));
    free(text);
    arena_done(&r.arena);
}

static void numbers_are_printed_as_one_would_write_them(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"EXPORT_TOKEN_TTL=600s", "EXPORT_TOKEN_TTL=10min"},
        {"EXPORT_TOKEN_TTL=90000ms", "EXPORT_TOKEN_TTL=90s"},
        {"EXPORT_TOKEN_TTL=1500 ms", "EXPORT_TOKEN_TTL=1500ms"},
        {"EXPORT_RETENTION=168h", "EXPORT_RETENTION=7d"},
        {"EXPORT_DRAIN_TIMEOUT=0ms", "EXPORT_DRAIN_TIMEOUT=0ms"},
        {"EXPORT_MAX_BYTES=2000MB", "EXPORT_MAX_BYTES=2GB"},
        {"EXPORT_MAX_BYTES=1024", "EXPORT_MAX_BYTES=1024B"},
        {"EXPORT_MAX_BYTES=0", "EXPORT_MAX_BYTES=none"},
        {"EXPORT_MAX_ROWS=none", "EXPORT_MAX_ROWS=none"},
        {"EXPORT_MAX_ROWS=1000", "EXPORT_MAX_ROWS=1000"},
        {"EXPORT_WORKERS=0", "EXPORT_WORKERS=0"},
        {"EXPORT_STATE_DIR=/it's here", "EXPORT_STATE_DIR='/it'\\''s here'"},
        {"EXPORT_STATE_DIR=/x;$HOME", "EXPORT_STATE_DIR='/x;$HOME'"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading r;
        char line[128];
        assert_true(read_from(&r, (const char *const[]){cases[i][0], NULL}, nothing));
        char *text = printed(&r.settings);
        (void)snprintf(line, sizeof line, "\n%s\n", cases[i][1]);
        if (!strstr(text, line))
            fail_msg("%s is not printed as %s", cases[i][0], cases[i][1]);
        free(text);
        arena_done(&r.arena);
    }
}

static void a_worker_prints_nothing_of_the_doors(void **state)
{
    (void)state;
    struct reading r;
    assert_true(read_as(PROGRAM_WORKER, &r, nothing, nothing));
    char *text = printed_by(PROGRAM_WORKER, &r.settings);
    assert_non_null(strstr(text, "\nEXPORT_LEASE=30s\n"));
    assert_null(strstr(text, "EXPORT_LISTEN"));
    assert_null(strstr(text, "EXPORT_MAX_CONNECTIONS"));
    free(text);
    arena_done(&r.arena);
}

static void what_is_printed_can_be_read_back(void **state)
{
    enum { MANY_LINES = 200 };
    (void)state;
    char *environment[MANY_LINES] = {NULL};
    size_t count = 0;
    struct reading first;
    struct reading second;
    assert_true(read_from(&first,
                          (const char *const[]){"EXPORT_TOKEN_TTL=90s", "EXPORT_MAX_ROWS=7",
                                                "EXPORT_MAX_BYTES=64KB", "ENABLE_EXPORT_QUEUE=1",
                                                "EXPORT_DOWNLOAD_SECRET=k:topsecret", NULL},
                          nothing));
    char *text = printed(&first.settings);
    char *lines = printed(&first.settings);
    char *rest = lines;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        if (*line && *line != '#')
            environment[count++] = line;
    assert_true(count > 60 && count < MANY_LINES);
    environment[count] = (char *)(uintptr_t) "EXPORT_DOWNLOAD_SECRET=k:topsecret";
    assert_true(read_from(&second, (const char *const *)environment, nothing));
    char *again = printed(&second.settings);
    assert_string_equal(text, again);
    free(again);
    free(lines);
    free(text);
    arena_done(&second.arena);
    arena_done(&first.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_contract),
        cmocka_unit_test(a_worker_of_its_own_is_persistent),
        cmocka_unit_test(what_is_durable_is_kept_longer),
        cmocka_unit_test(a_number_out_of_its_range_is_told_the_range),
        cmocka_unit_test(demo_turns_the_queue_on_unless_told_otherwise),
        cmocka_unit_test(a_flag_wins_over_the_environment_in_each_spelling),
        cmocka_unit_test(durations_and_sizes_have_units),
        cmocka_unit_test(each_mistake_is_an_error_that_names_the_setting),
        cmocka_unit_test(a_slip_is_told_what_may_have_been_meant),
        cmocka_unit_test(what_was_changed_is_found_by_how_it_begins),
        cmocka_unit_test(settings_of_others_are_not_looked_at),
        cmocka_unit_test(a_secret_is_masked_when_settings_are_printed),
        cmocka_unit_test(numbers_are_printed_as_one_would_write_them),
        cmocka_unit_test(a_worker_prints_nothing_of_the_doors),
        cmocka_unit_test(what_is_printed_can_be_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A job's states and moves, copies, and when two requests ask for the same.
 */
#include "queue/job.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void moves_are_those_of_the_contract(void **state)
{
    (void)state;
    /* Rows: from; columns: to, in the order of enum job_state. */
    static const char *const table[JOB_STATE_COUNT] = {
        [JOB_QUEUED] = ".R..X.", [JOB_RUNNING] = "Q.CFX.",   [JOB_COMPLETED] = ".....E",
        [JOB_FAILED] = "Q.....", [JOB_CANCELLED] = "Q.....", [JOB_EXPIRED] = "......",
    };
    for (int from = 0; from < JOB_STATE_COUNT; from++)
        for (int to = 0; to < JOB_STATE_COUNT; to++)
            assert_int_equal(job_may_move((enum job_state)from, (enum job_state)to),
                             table[from][to] != '.');
}

static void states_have_names_and_are_active_or_final(void **state)
{
    (void)state;
    static const char *const names[JOB_STATE_COUNT] = {"QUEUED", "RUNNING",   "COMPLETED",
                                                       "FAILED", "CANCELLED", "EXPIRED"};
    for (int i = 0; i < JOB_STATE_COUNT; i++) {
        assert_string_equal(job_state_name((enum job_state)i), names[i]);
        assert_int_equal(job_state_is_active((enum job_state)i), i <= JOB_RUNNING);
        assert_int_equal(job_state_is_final((enum job_state)i), i > JOB_RUNNING);
    }
}

/* A job with something in every text. All texts lie in `text`, so that a test can overwrite them.
 */
struct sample {
    char text[16];
    struct str values[2];
    struct job_filter filters[2];
    struct str columns[2];
    struct job job;
};

static void sample_init(struct sample *sample)
{
    *sample = (struct sample){.text = "abcdefghijklmno"};
    struct str texts[15];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        texts[i] = (struct str){sample->text + i, 1};
    memcpy(sample->values, texts, sizeof sample->values);
    sample->filters[0] = (struct job_filter){texts[2], sample->values, 2};
    sample->filters[1] = (struct job_filter){texts[3], sample->values, 1};
    memcpy(sample->columns, texts + 4, sizeof sample->columns);
    sample->job = (struct job){
        .spec = {.type = texts[6],
                 .format = texts[7],
                 .filters = sample->filters,
                 .filter_count = 2,
                 .columns = sample->columns,
                 .column_count = 2,
                 .limit = 5,
                 .presentation = {.locale = texts[8], .time_zone = texts[9], .delimiter = ';'},
                 .webhook_url = texts[10]},
        .owner = texts[11],
        .request_id = texts[12],
        .error = {ERR_SOURCE_DATA, texts[13]},
        .file = {.key = texts[14],
                 .name = texts[0],
                 .content_type = texts[1],
                 .sha256 = texts[2],
                 .size = 9},
        .revision = 7,
    };
}

static void a_copy_owns_all_its_texts(void **state)
{
    (void)state;
    struct sample sample;
    struct arena arena CLEANUP(arena_done) = {0};
    struct job copy;
    sample_init(&sample);
    job_copy(&arena, &sample.job, &copy);
    memset(sample.text, '#', sizeof sample.text);
    memset(sample.values, 0, sizeof sample.values);
    memset(sample.columns, 0, sizeof sample.columns);
    memset(sample.filters, 0, sizeof sample.filters);

    struct sample fresh;
    sample_init(&fresh);
    assert_true(job_spec_equal(&copy.spec, &fresh.job.spec));
    assert_true(str_equal(copy.owner, STR("l")));
    assert_true(str_equal(copy.request_id, STR("m")));
    assert_true(str_equal(copy.error.message, STR("n")));
    assert_true(str_equal(copy.file.key, STR("o")));
    assert_true(str_equal(copy.file.name, STR("a")));
    assert_true(str_equal(copy.file.content_type, STR("b")));
    assert_true(str_equal(copy.file.sha256, STR("c")));
    assert_int_equal(copy.file.size, 9);
    assert_int_equal(copy.error.code, ERR_SOURCE_DATA);
    assert_int_equal(copy.revision, 7);
}

static void an_empty_job_can_be_copied(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_done) = {0};
    struct job empty = {0};
    struct job copy;
    job_copy(&arena, &empty, &copy);
    assert_true(job_spec_equal(&copy.spec, &empty.spec));
    assert_true(str_is_empty(copy.owner));
}

static void requests_differ_in_whatever_changes_the_file(void **state)
{
    (void)state;
    struct sample a;
    struct sample b;
    sample_init(&a);
    sample_init(&b);
    struct job_spec *spec = &b.job.spec;
    assert_true(job_spec_equal(&a.job.spec, spec));
    assert_true(job_spec_equal(spec, spec));

#define ASSERT_MATTERS(change)                           \
    do {                                                 \
        sample_init(&b);                                 \
        change;                                          \
        assert_false(job_spec_equal(&a.job.spec, spec)); \
        assert_false(job_spec_equal(spec, &a.job.spec)); \
    } while (0)
    ASSERT_MATTERS(spec->type = STR("?"));
    ASSERT_MATTERS(spec->format = STR("?"));
    ASSERT_MATTERS(spec->limit = 6);
    ASSERT_MATTERS(spec->webhook_url = STR("?"));
    ASSERT_MATTERS(spec->filter_count = 1);
    ASSERT_MATTERS(b.filters[0].name = STR("?"));
    ASSERT_MATTERS(b.filters[0].value_count = 1);
    ASSERT_MATTERS(b.filters[1].name = STR("?"));
    ASSERT_MATTERS(b.filters[1].value_count = 2);
    ASSERT_MATTERS(b.values[1] = STR("?"));
    ASSERT_MATTERS(spec->column_count = 1);
    ASSERT_MATTERS(b.columns[0] = STR("?"));
    ASSERT_MATTERS(struct str first = b.columns[0]; b.columns[0] = b.columns[1];
                   b.columns[1] = first); /* their order is the file's */
    ASSERT_MATTERS(spec->presentation.locale = STR("?"));
    ASSERT_MATTERS(spec->presentation.time_zone = STR("?"));
    ASSERT_MATTERS(spec->presentation.delimiter = ',');
    ASSERT_MATTERS(spec->presentation.has_bom = true);
    ASSERT_MATTERS(spec->presentation.newline = NEWLINE_CRLF);
    ASSERT_MATTERS(spec->presentation.newline = NEWLINE_LF);
    ASSERT_MATTERS(spec->presentation.compression = COMPRESSION_ZSTD);
    ASSERT_MATTERS(spec->presentation.is_unguarded = true);
    ASSERT_MATTERS(spec->presentation.has_exact_numbers_text = true);
    ASSERT_MATTERS(spec->presentation.dialect = DIALECT_EXCEL);
    ASSERT_MATTERS(spec->presentation.has_titles = true);
    ASSERT_MATTERS(spec->presentation.null_text = STR("?"));
    ASSERT_MATTERS(spec->presentation.has_places = true);
    ASSERT_MATTERS(spec->presentation.places = 2);
#undef ASSERT_MATTERS
}

static void the_order_of_filters_does_not_matter(void **state)
{
    (void)state;
    struct sample a;
    struct sample b;
    sample_init(&a);
    sample_init(&b);
    struct job_filter first = b.filters[0];
    b.filters[0] = b.filters[1];
    b.filters[1] = first;
    assert_true(job_spec_equal(&a.job.spec, &b.job.spec));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_are_those_of_the_contract),
        cmocka_unit_test(states_have_names_and_are_active_or_final),
        cmocka_unit_test(a_copy_owns_all_its_texts),
        cmocka_unit_test(an_empty_job_can_be_copied),
        cmocka_unit_test(requests_differ_in_whatever_changes_the_file),
        cmocka_unit_test(the_order_of_filters_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

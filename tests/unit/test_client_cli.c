/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands share: the exit status that stands for each error, and names.
 */
#include "client/cli.h"

#include "client/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static void each_error_has_its_exit_status(void **state)
{
    (void)state;
    struct exportq_options options = {.server = "127.0.0.1:1"}; /* connects with the first call */
    struct cli cli = {0};
    struct err err = {0};
    assert_true(exportq_open(&options, &cli.exportq, &err));
    for (int code = ERR_INVALID; code < ERR_CODE_COUNT; code++) {
        bool is_silent = code == ERR_UNAVAILABLE || code == ERR_DEADLINE;
        (void)err_set(&err, (enum err_code)code, "a test of %s",
                      err_code_name((enum err_code)code));
        assert_int_equal(cli_fail(&cli, &err), is_silent ? CLI_NOT_REACHED : CLI_REFUSED);
    }
    exportq_close(cli.exportq);
}

static void a_job_that_was_waited_for_decides_the_exit_status(void **state)
{
    static const struct {
        Exportqueue__V1__JobState job_state;
        int status;
        bool is_final;
    } rows[] = {
        {EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_QUEUED, CLI_JOB_FAILED, false},
        {EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_RUNNING, CLI_JOB_FAILED, false},
        {EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_COMPLETED, CLI_DONE, true},
        {EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_EXPIRED, CLI_DONE, true},
        {EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_FAILED, CLI_JOB_FAILED, true},
        {EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_CANCELLED, CLI_JOB_FAILED, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Exportqueue__V1__Job job = EXPORTQUEUE__V1__JOB__INIT;
        job.state = rows[i].job_state;
        assert_int_equal(cli_job_exit(&job), rows[i].status);
        assert_int_equal(cli_is_final(job.state), rows[i].is_final);
    }
}

static void names_are_short_and_unknown_values_have_one_too(void **state)
{
    (void)state;
    assert_string_equal(cli_state_name(EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_QUEUED), "QUEUED");
    assert_string_equal(cli_state_name((Exportqueue__V1__JobState)77), "UNKNOWN");
    assert_string_equal(cli_phase_name(EXPORTQUEUE__V1__PROGRESS__PHASE__PHASE_STORING), "STORING");
}

enum { TEXT_SIZE = 2048 };

static void print(const Exportqueue__V1__Job *job)
{
    cli_print_job(job);
    assert_true(screen_flush());
}

static void tell_end(const Exportqueue__V1__Job *job)
{
    assert_int_equal(cli_job_exit(job), CLI_JOB_FAILED);
}

/* What `show` writes of the job to the descriptor. */
static const char *caught(int fd, void (*show)(const Exportqueue__V1__Job *job),
                          const Exportqueue__V1__Job *job, char out[TEXT_SIZE])
{
    FILE *file = tmpfile();
    int saved = dup(fd);
    assert_non_null(file);
    (void)fflush(NULL);
    assert_true(saved >= 0 && dup2(fileno(file), fd) >= 0);
    show(job);
    (void)fflush(NULL);
    assert_true(dup2(saved, fd) >= 0);
    (void)close(saved);
    rewind(file);
    out[fread(out, 1, TEXT_SIZE - 1, file)] = '\0';
    (void)fclose(file);
    return out;
}

/* What is printed for people of a job with this report. */
static const char *printed(Exportqueue__V1__Warnings *warnings, char out[TEXT_SIZE])
{
    Exportqueue__V1__Job job = EXPORTQUEUE__V1__JOB__INIT;
    job.warnings = warnings;
    return caught(STDOUT_FILENO, print, &job, out);
}

static void all_that_a_file_could_not_carry_is_told_and_nothing_else(void **state)
{
    char text[TEXT_SIZE];
    (void)state;
    Exportqueue__V1__Warnings none = EXPORTQUEUE__V1__WARNINGS__INIT;
    none.sheets = 1;
    assert_null(strstr(printed(&none, text), "warning"));
    assert_null(strstr(text, "sheets"));
    Exportqueue__V1__Warnings all = EXPORTQUEUE__V1__WARNINGS__INIT;
    all.cells_guarded = 1;
    all.non_finite = 2;
    all.text_replaced = 3;
    all.kept_as_text = 4;
    all.sheets = 5;
    assert_non_null(strstr(printed(&all, text),
                           "warning: cells that got a ' lest they run as formulas: 1\n"
                           "warning: NaN and infinities left out: 2\n"
                           "warning: cells with bytes that are no text, replaced: 3\n"
                           "warning: kept as text, for a spreadsheet would change them: 4\n"
                           "sheets: 5\n"));
}

static void all_that_was_asked_for_is_shown_and_nothing_else(void **state)
{
    char *values[] = {(char *)"a", (char *)"b,c"};
    char *columns[] = {(char *)"id", (char *)"tag"};
    char text[TEXT_SIZE];
    (void)state;
    Exportqueue__V1__Job job = EXPORTQUEUE__V1__JOB__INIT;
    Exportqueue__V1__Presentation look = EXPORTQUEUE__V1__PRESENTATION__INIT;
    job.presentation = &look;
    for (const char *const *each = (const char *const[]){"filter", "columns", "limit", "locale",
                                                         "compression", "webhook", "request", NULL};
         *each; each++)
        assert_null(strstr(caught(STDOUT_FILENO, print, &job, text), *each));

    Exportqueue__V1__Filter filter = EXPORTQUEUE__V1__FILTER__INIT;
    Exportqueue__V1__Places places = EXPORTQUEUE__V1__PLACES__INIT;
    filter.name = (char *)"tags";
    filter.values = values;
    filter.n_values = COUNT_OF(values);
    job.filters = (Exportqueue__V1__Filter *[]){&filter};
    job.n_filters = 1;
    job.columns = columns;
    job.n_columns = COUNT_OF(columns);
    job.limit = 9;
    job.webhook_url = (char *)"https://user:secret@hooks.example:8443/secret";
    job.request_id = (char *)"r-1";
    places.digits = 0;
    look.places = &places;
    look.locale = (char *)"de-DE";
    look.time_zone = (char *)"Europe/Berlin";
    look.compression = EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_GZIP;
    look.dialect = EXPORTQUEUE__V1__DIALECT__DIALECT_EXCEL;
    look.header = EXPORTQUEUE__V1__HEADER__HEADER_TITLES;
    look.delimiter = (char *)"\t";
    look.newline = EXPORTQUEUE__V1__NEWLINE__NEWLINE_CRLF;
    look.bom = true;
    look.null_text = (char *)"NULL";
    look.formula_guard = EXPORTQUEUE__V1__FORMULA_GUARD__FORMULA_GUARD_OFF;
    look.exact_numbers = EXPORTQUEUE__V1__EXACT_NUMBERS__EXACT_NUMBERS_STRING;
    assert_non_null(strstr(caught(STDOUT_FILENO, print, &job, text),
                           "filter: tags=a,b\\,c\ncolumns: id,tag\nlimit: 9\nlocale: de-DE\n"
                           "time zone: Europe/Berlin\ncompression: gzip\ndialect: excel\n"
                           "header: titles\nplaces: 0\ndelimiter: tab\nnewline: crlf\n"
                           "byte order mark: yes\nnull: NULL\nformula guard: off\n"
                           "exact numbers: string\nwebhook: hooks.example:8443\n"
                           "request id: r-1\n"));
    assert_null(strstr(text, "secret"));
}

static void only_what_may_help_is_advised_after_a_failure(void **state)
{
    static const struct {
        const char *code;
        bool is_retryable;
        const char *told; /* behind the reason */
    } rows[] = {
        {"SOURCE_UNAVAILABLE", true, "why; exportq retry 7 runs it again\n"},
        {"SOURCE_DATA", false,
         "why; the type's SQL or the data has to change, or it fails again\n"},
        {"SOURCE_SCHEMA", false,
         "why; the type's SQL or the data has to change, or it fails again\n"},
        {"GUARD_RAIL", false, "why\n"},
    };
    char text[TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Exportqueue__V1__Job job = EXPORTQUEUE__V1__JOB__INIT;
        Exportqueue__V1__JobError error = EXPORTQUEUE__V1__JOB_ERROR__INIT;
        error.code = (char *)rows[i].code;
        error.message = (char *)"why";
        error.retryable = rows[i].is_retryable;
        job.id = (char *)"7";
        job.error = &error;
        job.state = EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_FAILED;
        const char *told = strstr(caught(STDERR_FILENO, tell_end, &job, text), "why");
        assert_string_equal(told, rows[i].told);
        job.state = EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_CANCELLED;
        assert_non_null(strstr(caught(STDERR_FILENO, tell_end, &job, text), "exportq retry 7"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_exit_status),
        cmocka_unit_test(a_job_that_was_waited_for_decides_the_exit_status),
        cmocka_unit_test(names_are_short_and_unknown_values_have_one_too),
        cmocka_unit_test(all_that_a_file_could_not_carry_is_told_and_nothing_else),
        cmocka_unit_test(all_that_was_asked_for_is_shown_and_nothing_else),
        cmocka_unit_test(only_what_may_help_is_advised_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

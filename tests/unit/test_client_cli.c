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

/* What is printed for people of a job with this report. */
static char *printed(Exportqueue__V1__Warnings *warnings, char *out, size_t size)
{
    Exportqueue__V1__Job job = EXPORTQUEUE__V1__JOB__INIT;
    job.warnings = warnings;
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);
    assert_non_null(file);
    (void)fflush(stdout);
    assert_true(saved >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    cli_print_job(&job);
    assert_true(screen_flush());
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    (void)fclose(file);
    return out;
}

static void all_that_a_file_could_not_carry_is_told_and_nothing_else(void **state)
{
    char text[2048];
    (void)state;
    Exportqueue__V1__Warnings none = EXPORTQUEUE__V1__WARNINGS__INIT;
    none.sheets = 1;
    assert_null(strstr(printed(&none, text, sizeof text), "warning"));
    assert_null(strstr(text, "sheets"));
    Exportqueue__V1__Warnings all = EXPORTQUEUE__V1__WARNINGS__INIT;
    all.cells_guarded = 1;
    all.non_finite = 2;
    all.text_replaced = 3;
    all.kept_as_text = 4;
    all.sheets = 5;
    assert_non_null(strstr(printed(&all, text, sizeof text),
                           "warning: cells that got a ' lest they run as formulas: 1\n"
                           "warning: NaN and infinities left out: 2\n"
                           "warning: cells with bytes that are no text, replaced: 3\n"
                           "warning: kept as text, for a spreadsheet would change them: 4\n"
                           "sheets: 5\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_exit_status),
        cmocka_unit_test(a_job_that_was_waited_for_decides_the_exit_status),
        cmocka_unit_test(names_are_short_and_unknown_values_have_one_too),
        cmocka_unit_test(all_that_a_file_could_not_carry_is_told_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

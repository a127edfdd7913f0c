/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq watch, and the waiting of create --wait.
 */
#include "client/cli.h"
#include "client/interrupt.h"
#include "client/progress.h"
#include "client/screen.h"

static int say_interrupted(const char *id)
{
    if (id[0])
        screen_tell("the job goes on; exportq watch %s shows it, exportq cancel %s stops it", id,
                    id);
    return CLI_INTERRUPTED;
}

/* A watch that broke off says nothing of its job, which a queue in PostgreSQL keeps; one in memory
 * ends with its server. */
static int fail(const struct cli *cli, const char *id, const struct err *err)
{
    bool is_answered = err->code != ERR_UNAVAILABLE && err->code != ERR_DEADLINE;
    if (is_answered || !id[0] || !exportq_was_reached(cli->exportq))
        return cli_fail(cli, err);
    screen_tell("%s; when a server answers again, exportq watch %s shows whether the job goes on",
                err->text, id);
    return CLI_NOT_REACHED;
}

/* Tells `see` of each change until the watch ends; CLI_DONE: it ended by itself. */
static int follow(struct cli *cli, const Exportqueue__V1__WatchJobRequest *request,
                  void (*see)(void *target, struct cli *cli,
                              const Exportqueue__V1__WatchJobResponse *change),
                  void *target)
{
    struct err err = {0};
    enum exportq_watch_result result = EXPORTQ_NOTHING;
    struct exportq_watch *watch = exportq_watch_open(cli->exportq, request);
    interrupt_catch();
    while (!interrupt_came() && (result == EXPORTQ_NOTHING || result == EXPORTQ_CHANGE)) {
        struct arena arena CLEANUP(arena_done) = {0};
        Exportqueue__V1__WatchJobResponse *change = NULL;
        result = exportq_watch_next(watch, INTERRUPT_SLICE_MS, &arena, &change, &err);
        if (result == EXPORTQ_CHANGE)
            see(target, cli, change);
    }
    exportq_watch_close(watch);
    interrupt_release();
    if (interrupt_came())
        return say_interrupted(request->id);
    return result == EXPORTQ_FAILED ? fail(cli, request->id, &err) : CLI_DONE;
}

static int follow_one(struct cli *cli, const char *id,
                      void (*see)(void *target, struct cli *cli,
                                  const Exportqueue__V1__WatchJobResponse *change),
                      void *target)
{
    Exportqueue__V1__WatchJobRequest request = EXPORTQUEUE__V1__WATCH_JOB_REQUEST__INIT;
    request.id = (char *)id;
    return follow(cli, &request, see, target);
}

static void show_progress(void *target, struct cli *cli,
                          const Exportqueue__V1__WatchJobResponse *change)
{
    (void)cli;
    progress_show(target, change->job);
}

static int get_ended(struct cli *cli, const char *id, Exportqueue__V1__GetJobResponse **out)
{
    struct err err = {0};
    return exportq_get(cli->exportq, id, &cli->arena, out, &err) ? CLI_DONE : fail(cli, id, &err);
}

int cli_wait(struct cli *cli, const char *id, Exportqueue__V1__GetJobResponse **out)
{
    struct progress progress;
    progress_init(&progress);
    int status = follow_one(cli, id, show_progress, &progress);
    progress_end(&progress);
    return status == CLI_DONE ? get_ended(cli, id, out) : status;
}

/* With a target, whatever it is, it says whose the job is. */
static void print_change(void *target, struct cli *cli,
                         const Exportqueue__V1__WatchJobResponse *change)
{
    const Exportqueue__V1__Job *job = change->job;
    if (cli->is_json) {
        cli_print_json(&change->base, true);
        return;
    }
    screen_print("%s  %-9s  %s", job->id, cli_state_name(job->state), job->type);
    if (target)
        screen_print("  %s", job->owner);
    if (job->progress && job->progress->rows_done)
        screen_print("  %lld rows", (long long)job->progress->rows_done);
    screen_print("%s%s\n", job->error ? "  " : "", job->error ? job->error->message : "");
    (void)fflush(stdout);
}

/* One job: its progress, or its changes as JSON; then how it ended. */
static int watch_one(struct cli *cli, const char *id)
{
    Exportqueue__V1__GetJobResponse *response = NULL;
    int status =
        cli->is_json ? follow_one(cli, id, print_change, NULL) : cli_wait(cli, id, &response);
    if (status == CLI_DONE && !response)
        status = get_ended(cli, id, &response);
    if (status != CLI_DONE)
        return status;
    if (!cli->is_json)
        cli_print_job(response->job);
    return cli_job_exit(response->job);
}

int cli_watch(struct cli *cli)
{
    Exportqueue__V1__WatchJobRequest all = EXPORTQUEUE__V1__WATCH_JOB_REQUEST__INIT;
    all.all_owners = cli->argc == 1 && str_equal(str_of(cli->argv[0]), STR("--all-owners"));
    if (cli->argc == 0 || all.all_owners)
        return follow(cli, &all, print_change, all.all_owners ? &all : NULL);
    const char *id = cli_one_id(cli, "watch");
    return id ? watch_one(cli, id) : CLI_USAGE;
}

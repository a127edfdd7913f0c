/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq list, get, cancel, retry, delete and token.
 */
#include "client/cli.h"
#include "client/screen.h"

#include "base/str.h"
#include "client/when.h"

enum { PAGE_SIZE = 100, DEFAULT_LIMIT = 20 };

static int print_job(const struct cli *cli, const ProtobufCMessage *response,
                     const Exportqueue__V1__Job *job)
{
    if (cli->is_json)
        cli_print_json(response, false);
    else
        cli_print_job(job);
    return CLI_DONE;
}

int cli_get(struct cli *cli)
{
    struct err err = {0};
    Exportqueue__V1__GetJobResponse *response = NULL;
    const char *id = cli_one_id(cli, "get");
    if (!id)
        return CLI_USAGE;
    if (!exportq_get(cli->exportq, id, &cli->arena, &response, &err))
        return cli_fail(cli, &err);
    return print_job(cli, &response->base, response->job);
}

int cli_cancel(struct cli *cli)
{
    struct err err = {0};
    Exportqueue__V1__CancelJobResponse *response = NULL;
    const char *id = cli_one_id(cli, "cancel");
    if (!id)
        return CLI_USAGE;
    if (!exportq_cancel(cli->exportq, id, &cli->arena, &response, &err))
        return cli_fail(cli, &err);
    return print_job(cli, &response->base, response->job);
}

int cli_retry(struct cli *cli)
{
    struct err err = {0};
    Exportqueue__V1__RetryJobResponse *response = NULL;
    const char *id = cli_one_id(cli, "retry");
    if (!id)
        return CLI_USAGE;
    if (!exportq_retry(cli->exportq, id, &cli->arena, &response, &err))
        return cli_fail(cli, &err);
    return print_job(cli, &response->base, response->job);
}

int cli_delete(struct cli *cli)
{
    struct err err = {0};
    Exportqueue__V1__DeleteJobResponse *response = NULL;
    const char *id = cli_one_id(cli, "delete");
    if (!id)
        return CLI_USAGE;
    if (!exportq_delete(cli->exportq, id, &cli->arena, &response, &err))
        return cli_fail(cli, &err);
    if (cli->is_json)
        cli_print_json(&response->base, false);
    else
        screen_print("job %s and its file are gone\n", id);
    return CLI_DONE;
}

int cli_token(struct cli *cli)
{
    struct err err = {0};
    Exportqueue__V1__CreateDownloadTokenResponse *response = NULL;
    const char *id = cli_one_id(cli, "token");
    if (!id)
        return CLI_USAGE;
    if (!exportq_token(cli->exportq, id, &cli->arena, &response, &err))
        return cli_fail(cli, &err);
    if (cli->is_json)
        cli_print_json(&response->base, false);
    else
        screen_print("%s\n", response->token);
    return CLI_DONE;
}

/* ---- list ---- */

static bool parse_state(const char *name, Exportqueue__V1__JobState *out)
{
    const ProtobufCEnumDescriptor *states = &exportqueue__v1__job_state__descriptor;
    for (unsigned i = 0; i < states->n_values; i++) {
        Exportqueue__V1__JobState state = (Exportqueue__V1__JobState)states->values[i].value;
        if (str_equal_nocase(str_of(name), str_of(cli_state_name(state)))) {
            *out = state;
            return true;
        }
    }
    return false;
}

static int widest(const Exportqueue__V1__ListJobsResponse *jobs, size_t member, const char *title)
{
    size_t width = strlen(title);
    for (size_t i = 0; i < jobs->n_jobs; i++) {
        const char *text = *(char *const *)(const void *)((const char *)jobs->jobs[i] + member);
        if (strlen(text) > width)
            width = strlen(text);
    }
    return (int)width;
}

/* A row for each job, the columns as wide as what is in them. */
static void print_table(const Exportqueue__V1__ListJobsResponse *jobs, bool has_owner)
{
    int type = widest(jobs, offsetof(Exportqueue__V1__Job, type), "TYPE");
    int format = widest(jobs, offsetof(Exportqueue__V1__Job, format), "FORMAT");
    int owner = has_owner ? widest(jobs, offsetof(Exportqueue__V1__Job, owner), "OWNER") + 2 : 0;
    screen_print("%-36s  %-9s  %-*s  %-*s  %-*s%-20s  %s\n", "ID", "STATE", type, "TYPE", format,
                 "FORMAT", owner, has_owner ? "OWNER" : "", "CREATED", "FILE");
    for (size_t i = 0; i < jobs->n_jobs; i++) {
        const Exportqueue__V1__Job *job = jobs->jobs[i];
        char time[CALENDAR_TEXT_SIZE] = "";
        if (job->created)
            when_format_seconds(job->created, time);
        screen_print("%-36s  %-9s  %-*s  %-*s  %-*s%-20s  %s\n", job->id,
                     cli_state_name(job->state), type, job->type, format, job->format, owner,
                     has_owner ? job->owner : "", time, job->file ? job->file->name : "");
    }
}

static void add_page(struct cli *cli, const Exportqueue__V1__ListJobsResponse *page,
                     Exportqueue__V1__ListJobsResponse *all)
{
    Exportqueue__V1__Job **jobs =
        arena_alloc_array(&cli->arena, all->n_jobs + page->n_jobs, sizeof(void *));
    for (size_t i = 0; i < all->n_jobs; i++)
        jobs[i] = all->jobs[i];
    for (size_t i = 0; i < page->n_jobs; i++)
        jobs[all->n_jobs + i] = page->jobs[i];
    all->jobs = jobs;
    all->n_jobs += page->n_jobs;
    all->next_page_token = page->next_page_token;
}

/* Page after page as one, until there are `limit` jobs. */
static bool list_pages(struct cli *cli, Exportqueue__V1__ListJobsRequest *request, int64_t limit,
                       Exportqueue__V1__ListJobsResponse *out, struct err *err)
{
    do {
        Exportqueue__V1__ListJobsResponse *page = NULL;
        int64_t left = limit - (int64_t)out->n_jobs;
        request->page_size = (int32_t)(left < PAGE_SIZE ? left : PAGE_SIZE);
        if (!exportq_list(cli->exportq, request, &cli->arena, &page, err))
            return false;
        add_page(cli, page, out);
        request->page_token = page->next_page_token;
    } while (request->page_token[0] && (int64_t)out->n_jobs < limit);
    return true;
}

static int print_list(struct cli *cli, Exportqueue__V1__ListJobsRequest *request, int64_t limit)
{
    Exportqueue__V1__ListJobsResponse jobs = EXPORTQUEUE__V1__LIST_JOBS_RESPONSE__INIT;
    struct err err = {0};
    if (!list_pages(cli, request, limit, &jobs, &err))
        return cli_fail(cli, &err);
    if (cli->is_json) { /* its nextPageToken says whether there are more */
        cli_print_json(&jobs.base, false);
        return CLI_DONE;
    }
    print_table(&jobs, request->all_owners);
    if (jobs.next_page_token[0])
        screen_tell("there are more than these %zu: --limit N", jobs.n_jobs);
    return CLI_DONE;
}

enum { LIST_STATE, LIST_TYPE, LIST_LIMIT, LIST_ALL_OWNERS, LIST_REQUEST_ID };

static const struct option list_options[] = {
    [LIST_STATE] = {"--state", 's', true},         [LIST_TYPE] = {"--type", 't', true},
    [LIST_LIMIT] = {"--limit", 'n', true},         [LIST_ALL_OWNERS] = {"--all-owners", 0, false},
    [LIST_REQUEST_ID] = {"--request-id", 0, true},
};

/* False after telling of a mistake. */
static bool take_option(int at, const char *value, Exportqueue__V1__ListJobsRequest *request,
                        int64_t *limit)
{
    char *text = (char *)value;
    switch (at) {
    case LIST_STATE:
        if (parse_state(value, &request->states[request->n_states])) {
            request->n_states++;
            return true;
        }
        (void)cli_usage("list",
                        "unknown state %s; it takes queued, running, completed, failed, "
                        "cancelled or expired",
                        value);
        return false;
    case LIST_TYPE:
        request->type = text;
        return true;
    case LIST_LIMIT:
        if (str_to_int64(str_of(value), limit) && *limit >= 1)
            return true;
        (void)cli_usage("list", "--limit takes a number of 1 or more");
        return false;
    case LIST_ALL_OWNERS:
        request->all_owners = true;
        return true;
    case LIST_REQUEST_ID:
        request->request_id = text;
        return true;
    default:
        (void)cli_usage("list", "list takes no %s", value);
        return false;
    }
}

int cli_list(struct cli *cli)
{
    Exportqueue__V1__ListJobsRequest request = EXPORTQUEUE__V1__LIST_JOBS_REQUEST__INIT;
    struct options options = {.table = list_options,
                              .count = COUNT_OF(list_options),
                              .argc = cli->argc,
                              .argv = cli->argv};
    int64_t limit = DEFAULT_LIMIT;
    const char *value = NULL;
    struct err err = {0};
    int at = 0;
    request.states = arena_alloc_array(&cli->arena, (size_t)cli->argc, sizeof *request.states);
    while ((at = options_next(&options, &value, &err)) != OPTIONS_END) {
        if (at == OPTIONS_BAD)
            return cli_usage("list", "%s", err.text);
        if (!take_option(at, value, &request, &limit))
            return CLI_USAGE;
    }
    return print_list(cli, &request, limit);
}

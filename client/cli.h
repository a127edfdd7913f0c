/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands of exportq share. A command is a row of the table in main.c and a function in a
 * cli_*.c; it reads its arguments, asks the server, prints, and says how it went. Results go to
 * standard output, progress and errors to standard error.
 */
#ifndef CLIENT_CLI_H
#define CLIENT_CLI_H

#include "client/exportq.h"
#include "client/options.h"

/* contract: exit status. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_JOB_FAILED = 1,
    CLI_USAGE = 2,
    CLI_NOT_REACHED = 3,
    CLI_REFUSED = 4,
    CLI_INTERRUPTED = 130,
};

struct cli {
    struct exportq *exportq;
    struct arena arena; /* of the whole run */
    bool is_json;
    int argc; /* the command's own arguments */
    char *const *argv;
};

/* The exit status for an error, which is told on standard error with the next step. */
int cli_fail(const struct cli *cli, const struct err *err);

/* A file cannot be where the caller wants it: tells it. Returns CLI_USAGE. */
int cli_misplaced(const struct err *err);

/* A mistake in the arguments: tells it and where help is. */
int cli_usage(const char *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* The only word of a command that takes no options: an id. NULL after telling of a mistake. */
const char *cli_one_id(const struct cli *cli, const char *command);

/* What a page of a list had. */
struct cli_page {
    size_t count;
    bool has_next;
};

/* Prints a list page after page as it comes, so that a long one takes no more memory than a short
 * one, until there are `limit` items. */
struct cli_pages {
    int64_t limit;
    void *target;
    /* Asks for the next page of at most `size` items, which lives in `arena`, and prints it. The
     * arena lives until the page after it is there, for it holds the token that asks for that. */
    bool (*print_next)(void *target, int32_t size, struct arena *arena, struct cli_page *out,
                       struct err *err);
};
int cli_print_pages(const struct cli *cli, const struct cli_pages *pages);

/* Prints a message as JSON, and a newline. */
void cli_print_json(const ProtobufCMessage *message, bool is_line);

/* Prints a job for people, "key: value". */
void cli_print_job(const Exportqueue__V1__Job *job);

/* "COMPLETED" for JOB_STATE_COMPLETED; the same for a phase. */
const char *cli_state_name(Exportqueue__V1__JobState state);
const char *cli_phase_name(Exportqueue__V1__Progress__Phase phase);

bool cli_is_final(Exportqueue__V1__JobState state);

/* Watches a job, with progress, until it ends; *out has the job then. ^C leaves the job running. */
int cli_wait(struct cli *cli, const char *id, Exportqueue__V1__GetJobResponse **out);

/* Downloads the file of a completed job to a path, "-" for standard output; NULL: the suggested
 * name. */
int cli_save(struct cli *cli, const char *id, const char *path, bool may_replace);

/* Whether a file can be written there, and nothing is lost by it unless `may_replace`. "-" and what
 * is not a file, such as a pipe, can always be written to. */
bool cli_may_write(const char *path, bool may_replace, struct err *err) MUST_CHECK;

/* Says how a job that was waited for ended: its exit status, the reason on standard error. */
int cli_job_exit(const Exportqueue__V1__Job *job);

int cli_create(struct cli *cli);
int cli_list(struct cli *cli);
int cli_get(struct cli *cli);
int cli_watch(struct cli *cli);
int cli_download(struct cli *cli);
int cli_cancel(struct cli *cli);
int cli_retry(struct cli *cli);
int cli_delete(struct cli *cli);
int cli_token(struct cli *cli);
int cli_types(struct cli *cli);
int cli_audit(struct cli *cli);
int cli_deliveries(struct cli *cli);
int cli_resend(struct cli *cli);
int cli_health(struct cli *cli);

#endif

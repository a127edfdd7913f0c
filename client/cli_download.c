/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq download: written beside (client/part.h), shown under its name only when it is whole and
 * its SHA-256 is right.
 */
#include "client/cli.h"
#include "client/interrupt.h"
#include "client/part.h"
#include "client/screen.h"

#include "base/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 64 };

struct saving {
    const char *id;     /* NULL: only the token is known */
    const char *wanted; /* NULL: the name the server suggests; "-": standard output */
    bool may_replace;
    int direct_fd; /* standard output, or what is no file; -1: a part */
    bool is_resumable;
    bool is_misplaced; /* the file may not be at `path` */
    struct part part;
    char path[PART_PATH_BYTES];
};

/* The suggested name comes from the server: it must not lead out of this directory, hide the file,
 * or speak to the terminal. */
static bool is_plain_name(const char *name)
{
    for (const char *at = name; *at; at++)
        if (*at == '/' || (unsigned char)*at < ' ' || *at == 0x7F)
            return false;
    return name[0] && name[0] != '.';
}

/* A pipe, a terminal, /dev/null: written to as it is, never replaced. */
static bool is_other_than_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static bool begin(void *target, const Exportqueue__V1__File *file, struct err *err)
{
    struct saving *saving = target;
    if (saving->direct_fd >= 0)
        return true;
    if (!saving->wanted && !is_plain_name(file->name))
        return err_set(err, ERR_INVALID, "the server suggests no usable name; give one with -o");
    (void)snprintf(saving->path, sizeof saving->path, "%s",
                   saving->wanted ? saving->wanted : file->name);
    saving->is_misplaced = !cli_may_write(saving->path, saving->may_replace, err);
    return !saving->is_misplaced;
}

static bool take(void *target, const void *bytes, size_t len, struct err *err)
{
    struct saving *saving = target;
    return saving->direct_fd >= 0
               ? part_write_all(saving->direct_fd, saving->wanted, bytes, len, err)
               : part_write(&saving->part, bytes, len, err);
}

static bool is_wanted(void *target)
{
    (void)target;
    return !interrupt_came();
}

/* Of a job the file never changes, so what is there of it can be gone on with; of a token nobody
 * knows which file it is. */
static bool open_part(struct saving *saving, struct err *err)
{
    char key[KEY_BYTES];
    struct uuid id;
    saving->is_resumable = saving->id && uuid_parse(str_of(saving->id), &id);
    if (saving->is_resumable)
        (void)snprintf(key, sizeof key, "%s", saving->id);
    else
        (void)snprintf(key, sizeof key, "%d", (int)getpid());
    return part_open(&saving->part, saving->wanted, key, err) &&
           (saving->is_resumable || part_clear(&saving->part, err));
}

static bool open_target(struct saving *saving, struct err *err)
{
    bool is_stdout = saving->wanted && strcmp(saving->wanted, "-") == 0;
    saving->part.fd = -1;
    saving->direct_fd = is_stdout ? STDOUT_FILENO : -1;
    if (is_stdout)
        return true;
    if (!saving->wanted || !is_other_than_file(saving->wanted))
        return open_part(saving, err);
    (void)snprintf(saving->path, sizeof saving->path, "%s", saving->wanted);
    saving->direct_fd = open(saving->wanted, O_WRONLY | O_CLOEXEC);
    return saving->direct_fd >= 0 || err_set(err, ERR_STORE_DENIED, "cannot write %s: %s",
                                             saving->wanted, strerrordesc_np(errno));
}

/* What was written directly may be told only now that it was not. */
static bool close_direct(struct saving *saving, bool is_ok, struct err *err)
{
    if (saving->direct_fd == STDOUT_FILENO || close(saving->direct_fd) == 0 || !is_ok)
        return is_ok;
    return err_set(err, ERR_STORE_DENIED, "cannot write %s: %s", saving->wanted,
                   strerrordesc_np(errno));
}

/* Whether the next download can go on where this one ended; not from bytes that were wrong. */
static bool may_go_on(const struct saving *saving, enum err_code code)
{
    return saving->is_resumable && code != ERR_INTERNAL && code != ERR_INVALID;
}

static bool fetch(struct cli *cli, const char *token, struct saving *saving, struct err *err)
{
    const int *begun = saving->part.fd >= 0 ? &saving->part.fd : NULL;
    struct exportq_receiver receiver = {begin, take, is_wanted, saving, begun};
    interrupt_catch();
    bool is_ok = exportq_download(cli->exportq, token, &receiver, err);
    interrupt_release();
    if (saving->direct_fd >= 0)
        return close_direct(saving, is_ok, err);
    is_ok = is_ok && part_show(&saving->part, saving->path, err);
    part_close(&saving->part, may_go_on(saving, err->code));
    return is_ok;
}

static int save(struct cli *cli, struct saving *saving, const char *token)
{
    struct err err = {0};
    if (fetch(cli, token, saving, &err)) {
        if (saving->direct_fd != STDOUT_FILENO)
            screen_tell("saved %s", saving->path);
        return CLI_DONE;
    }
    if (saving->is_misplaced)
        return cli_misplaced(&err);
    if (err.code != ERR_CANCELLED || !interrupt_came())
        return cli_fail(cli, &err);
    screen_tell("%s; exportq download %s goes on with it", err.text,
                saving->id ? saving->id : "with the same token");
    return CLI_INTERRUPTED;
}

/* Asked early: nobody should wait for an export only to learn that it has no place. */
static bool has_directory(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash && slash > path ? (size_t)(slash - path) : 1;
    char directory[PART_PATH_BYTES];
    (void)snprintf(directory, sizeof directory, "%.*s", (int)len, slash ? path : ".");
    return access(directory, W_OK | X_OK) == 0 ||
           err_set(err, ERR_STORE_DENIED, "cannot write %s: %s", path, strerrordesc_np(errno));
}

bool cli_may_write(const char *path, bool may_replace, struct err *err)
{
    struct stat status;
    if (strcmp(path, "-") == 0 || is_other_than_file(path))
        return true;
    bool is_there = stat(path, &status) == 0;
    if (!path[0] || (is_there && S_ISDIR(status.st_mode)))
        return err_set(err, ERR_INVALID, "\"%s\" is no name for a file; -o gives one", path);
    if (is_there && !may_replace)
        return err_set(err, ERR_EXISTS,
                       "%s is there already; --force replaces it, -o names another", path);
    return has_directory(path, err);
}

/* Before anything is asked for; else the exit status, and the reason was told. */
static int open_place(const struct cli *cli, struct saving *saving)
{
    struct err err = {0};
    if (saving->wanted && !cli_may_write(saving->wanted, saving->may_replace, &err))
        return cli_misplaced(&err);
    return open_target(saving, &err) ? CLI_DONE : cli_fail(cli, &err);
}

static void close_untouched(struct saving *saving)
{
    if (saving->direct_fd >= 0 && saving->direct_fd != STDOUT_FILENO)
        (void)close(saving->direct_fd); /* nothing was written */
    part_close(&saving->part, true);
}

/* A token ends the older ones, so it is asked for last. */
int cli_save(struct cli *cli, const char *id, const char *path, bool may_replace)
{
    struct saving saving = {.id = id, .wanted = path, .may_replace = may_replace};
    struct err err = {0};
    Exportqueue__V1__CreateDownloadTokenResponse *response = NULL;
    int status = open_place(cli, &saving);
    if (status != CLI_DONE)
        return status;
    if (exportq_token(cli->exportq, id, &cli->arena, &response, &err))
        return save(cli, &saving, response->token);
    close_untouched(&saving);
    return cli_fail(cli, &err);
}

enum { DOWNLOAD_OUTPUT, DOWNLOAD_FORCE, DOWNLOAD_TOKEN };

static const struct option download_options[] = {
    [DOWNLOAD_OUTPUT] = {"--output", 'o', true},
    [DOWNLOAD_FORCE] = {"--force", 'f', false},
    [DOWNLOAD_TOKEN] = {"--download-token", 0, true},
};

struct wish {
    const char *id;
    const char *token;
    const char *path;
    bool may_replace;
};

static bool read_arguments(struct cli *cli, struct wish *out, struct err *err)
{
    struct options options = {.table = download_options,
                              .count = COUNT_OF(download_options),
                              .argc = cli->argc,
                              .argv = cli->argv};
    const char *value = NULL;
    int at = 0;
    while ((at = options_next(&options, &value, err)) != OPTIONS_END) {
        if (at == OPTIONS_BAD)
            return false;
        if (at == OPTIONS_WORD && out->id)
            return err_set(err, ERR_INVALID, "one id of a job is needed, and %s is another", value);
        if (at == OPTIONS_WORD)
            out->id = value;
        else if (at == DOWNLOAD_OUTPUT)
            out->path = value;
        else if (at == DOWNLOAD_TOKEN)
            out->token = options_take_secret(value, &cli->arena);
        else
            out->may_replace = true;
    }
    return (out->id != NULL) != (out->token != NULL) ||
           err_set(err, ERR_INVALID, "either the id of a job or --download-token is needed");
}

int cli_download(struct cli *cli)
{
    struct wish wish = {0};
    struct err err = {0};
    if (!read_arguments(cli, &wish, &err))
        return cli_usage("download", "%s", err.text);
    if (wish.id)
        return cli_save(cli, wish.id, wish.path, wish.may_replace);
    struct saving saving = {.wanted = wish.path, .may_replace = wish.may_replace};
    int status = open_place(cli, &saving);
    return status == CLI_DONE ? save(cli, &saving, wish.token) : status;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The demo journal as an SQLite database: the schema of sql/journal/, then the rows.
 */
#include "server/demo_journal.h"

#include "base/arena.h"
#include "export/sqlite_script.h"

#include "journal_sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* Runs what is written to it. */
struct script_sink {
    struct sink sink;
    struct sqlite_script *script;
};

static bool run_statement(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    const struct script_sink *to = CONTAINER_OF(sink, struct script_sink, sink);
    return sqlite_script_run(to->script, (struct str){bytes, len}, err);
}

/* A process that is killed leaves the file beside that it was filling, PATH.part-PID. */
static bool is_left(struct str name, struct str begin)
{
    int64_t pid = 0;
    if (!str_starts_with(name, begin))
        return false;
    struct str digits = {name.ptr + begin.len, name.len - begin.len};
    return str_to_int64(digits, &pid) && pid > 0 && pid <= INT32_MAX && kill((pid_t)pid, 0) != 0 &&
           errno == ESRCH;
}

static void remove_left(const char *path)
{
    struct arena arena CLEANUP(arena_done) = {0};
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    struct str directory = slash ? (struct str){path, (size_t)(file - path)} : STR(".");
    struct str begin = arena_printf(&arena, "%s.part-", file);
    DIR *dir = opendir(arena_copy_text(&arena, directory));
    if (!dir)
        return;
    const struct dirent *entry = NULL;
    while ((entry = readdir(dir))) // NOLINT(concurrency-mt-unsafe): a stream of this thread
        if (is_left(str_of(entry->d_name), begin))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    (void)closedir(dir);
}

bool demo_journal_write(const char *path, struct err *err)
{
    struct sqlite_script *script = NULL;
    remove_left(path);
    if (!sqlite_script_open(path, &script, err))
        return false;
    struct script_sink sink = {{run_statement}, script};
    struct str schema = {(const char *)journal_sqlite, journal_sqlite_size};
    bool is_written = sqlite_script_run(script, schema, err) &&
                      demo_journal_rows(&sink.sink, err) && sqlite_script_finish(script, err);
    sqlite_script_free(script);
    return is_written;
}

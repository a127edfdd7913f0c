/* SPDX-License-Identifier: Apache-2.0
 *
 * See sqlite_script.h. All is one transaction without a rollback journal: the file beside is thrown
 * away if anything fails.
 */
#include "export/sqlite_script.h"

#include "base/mem.h"
#include "export/source_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <unistd.h>

struct sqlite_script {
    sqlite3 *db;
    char *path;
    char *beside; /* NULL once it was renamed */
};

bool sqlite_script_open(const char *path, struct sqlite_script **out, struct err *err)
{
    struct sqlite_script *script = mem_new(struct sqlite_script);
    char suffix[32];
    (void)snprintf(suffix, sizeof suffix, ".part-%ld", (long)getpid());
    script->path = sqlite_plain_path(str_of(path), "");
    script->beside = sqlite_plain_path(str_of(path), suffix);
    (void)unlink(script->beside);
    int code =
        sqlite3_open_v2(script->beside, &script->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(script->db, "PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE", NULL, NULL,
                            NULL);
    }
    if (code != SQLITE_OK) {
        (void)err_set(err, ERR_STORE_UNAVAILABLE, "the database could not be created: %s",
                      sqlite3_errmsg(script->db));
        sqlite_script_free(script);
        return false;
    }
    *out = script;
    return true;
}

bool sqlite_script_run(struct sqlite_script *script, struct str sql, struct err *err)
{
    const char *at = sql.ptr;
    const char *end = sql.ptr + sql.len;
    while (at < end) {
        sqlite3_stmt *statement = NULL;
        int code = sqlite3_prepare_v2(script->db, at, (int)(end - at), &statement, &at);
        while (code == SQLITE_OK && statement && sqlite3_step(statement) == SQLITE_ROW)
            ;
        if (code == SQLITE_OK)
            code = sqlite3_finalize(statement);
        if (code != SQLITE_OK) { /* a fault of the script, or of the disk */
            return err_set(err, code == SQLITE_ERROR ? ERR_INTERNAL : ERR_STORE_UNAVAILABLE,
                           "the database could not be filled: %s", sqlite3_errmsg(script->db));
        }
    }
    return true;
}

/* Renames, so that a power cut does not undo it. */
static bool rename_durably(const char *from, const char *to)
{
    char *copy = mem_dup(to);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): POSIX's dirname works in the copy
    int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_done = directory >= 0 && rename(from, to) == 0 && fsync(directory) == 0;
    int failure = errno;
    if (directory >= 0)
        (void)close(directory);
    free(copy);
    errno = failure;
    return is_done;
}

bool sqlite_script_finish(struct sqlite_script *script, struct err *err)
{
    if (!sqlite_script_run(script, STR("COMMIT"), err))
        return false;
    (void)sqlite3_close(script->db);
    script->db = NULL;
    if (!rename_durably(script->beside, script->path)) {
        return err_set(err, ERR_STORE_UNAVAILABLE, "the database could not get its name: %s",
                       strerrordesc_np(errno));
    }
    free(script->beside);
    script->beside = NULL;
    return true;
}

void sqlite_script_free(struct sqlite_script *script)
{
    if (!script)
        return;
    (void)sqlite3_close(script->db);
    if (script->beside)
        (void)unlink(script->beside);
    free(script->beside);
    free(script->path);
    free(script);
}

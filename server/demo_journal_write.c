/* SPDX-License-Identifier: Apache-2.0
 *
 * The demo journal as an SQLite database: the schema of sql/journal/, then the rows.
 */
#include "server/demo_journal.h"

#include "export/sqlite_script.h"

#include "journal_schema.h"

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

bool demo_journal_write(const char *path, struct err *err)
{
    struct sqlite_script *script = NULL;
    if (!sqlite_script_open(path, &script, err))
        return false;
    struct script_sink sink = {{run_statement}, script};
    struct str schema = {(const char *)journal_schema, journal_schema_size};
    bool is_written = sqlite_script_run(script, schema, err) &&
                      demo_journal_rows(&sink.sink, err) && sqlite_script_finish(script, err);
    sqlite_script_free(script);
    return is_written;
}

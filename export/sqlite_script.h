/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes a new SQLite database from SQL text, whole or not at all: it grows beside its place and
 * gets its name when it is done. For demos and tests; exports only ever read.
 *
 *     sqlite_script_open → sqlite_script_run × n → sqlite_script_finish → sqlite_script_free
 *
 * sqlite_script_free is legal at any point and leaves no file behind unless finish succeeded. One
 * thread at a time.
 */
#ifndef EXPORT_SQLITE_SCRIPT_H
#define EXPORT_SQLITE_SCRIPT_H

#include "base/err.h"
#include "base/str.h"

struct sqlite_script;

/* Begins a database that will be at `path`. ERR_STORE_UNAVAILABLE if none can be made there. */
bool sqlite_script_open(const char *path, struct sqlite_script **out, struct err *err) MUST_CHECK;

/* Runs one or more whole statements. What SQLite does not take is ERR_INTERNAL, with its words. */
bool sqlite_script_run(struct sqlite_script *script, struct str sql, struct err *err) MUST_CHECK;

/* Stores the database durably under its name, in place of an older one. */
bool sqlite_script_finish(struct sqlite_script *script, struct err *err) MUST_CHECK;

void sqlite_script_free(struct sqlite_script *script);

#endif

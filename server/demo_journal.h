/* SPDX-License-Identifier: Apache-2.0
 *
 * A trading journal that nobody wrote: about 20,000 trades of four users over two years, believable
 * and the same on every machine, with notes that break careless exporters (commas, quotes,
 * newlines, other scripts, emoji, text that looks like a formula).
 */
#ifndef SERVER_DEMO_JOURNAL_H
#define SERVER_DEMO_JOURNAL_H

#include "base/sink.h"

/* The user with most of the trades, and all of them, for people. */
#define DEMO_JOURNAL_OWNER  "local"
#define DEMO_JOURNAL_OWNERS DEMO_JOURNAL_OWNER ", alice, bob and carol"

/* The rows as INSERT statements, in an order that keeps foreign keys, for the tables of
 * sql/journal/; SQLite and PostgreSQL both take them. Each write is one whole statement. */
bool demo_journal_rows(struct sink *sink, struct err *err) MUST_CHECK;

/* Makes an SQLite database of them at `path`, whole or not at all, in place of an older one.
 * What a process that was killed left half-made beside it is removed. */
bool demo_journal_write(const char *path, struct err *err) MUST_CHECK;

/* Puts them into the PostgreSQL database at `url`, with their tables where it has none, whole or
 * not at all. ERR_EXISTS if a journal with rows is there. What the database says is in the text:
 * it is for the operator. */
bool demo_journal_load(const char *url, struct err *err) MUST_CHECK;

#endif

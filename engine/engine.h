/* SPDX-License-Identifier: Apache-2.0
 *
 * What works off the queue, whole: the store, the files, the source with its types, and the worker
 * pool. exportqd puts doors before it; exportq-worker is little more than this.
 *
 *     settings_read → engine_settle → engine_open_source → engine_open_queue
 *         → … → engine_drain → engine_close
 *
 * One thread opens and closes; what is open is read by all.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/checkup.h"
#include "engine/janitor.h"
#include "engine/settings.h"
#include "worker/pool.h"

#include <signal.h>

/* In the order it is opened. NULL: not open. */
struct engine {
    struct arena arena;
    struct settings settings;
    struct source *source;
    struct catalog *catalog;
    struct hub *hub;
    struct store *store;
    struct files *files;
    const struct job_listener *job_listener; /* set before the queue is opened, as the next */
    struct files_listener files_listener;
    struct runner runner;
    struct pool *pool;
    struct janitor *janitor;
};

/* Sets the log level; fills in what other settings imply, and makes the state directory.
 * ERR_INVALID names the setting and what to do. */
bool engine_settle(struct engine *engine, struct err *err) MUST_CHECK;

/* What is exported, and as which types. */
bool engine_open_source(struct engine *engine, struct err *err) MUST_CHECK;

/* For --check, instead of the two before: tries all that they open, and more: whether the queue's
 * database can be reached and its schema is not newer than ours (with EXPORT_AUTO_MIGRATE=0: is up
 * to date), and whether there is a place for files, be it a bucket that lets us in. Goes on where
 * something fails. Changes nothing; whether it may be changed is not asked. */
void engine_check(struct engine *engine, struct checkup *checkup);

/* The queue, its workers and its janitor. `name` is the program's, for the database to show. Wipes
 * the secrets among the settings: whoever else wants one takes it before. */
bool engine_open_queue(struct engine *engine, const char *name, struct err *err) MUST_CHECK;

/* Claims no more; running jobs end, within `grace_ms`, or go back to the queue. */
void engine_drain(struct engine *engine, int64_t grace_ms);

/* Closes in reverse order whatever is open. */
void engine_close(struct engine *engine);

/* Blocks the signals that end a program (SIGHUP too, unless nohup has it ignored), in this thread
 * and those to come, and ignores SIGPIPE and SIGXFSZ; files made from now on are the user's own,
 * and memory, which holds secrets, is in no core dump and for no debugger but root's. Before any
 * thread starts. */
void engine_prepare_process(sigset_t *out_signals);

/* The next of these signals ends the process at once: who asks twice will not wait for a drain. */
void engine_heed_next_signal(const sigset_t *signals);

#endif

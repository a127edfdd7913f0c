/* SPDX-License-Identifier: Apache-2.0
 *
 * A bounded set of connections that threads borrow. One that breaks is dropped, and a new one is
 * opened when it is wanted. While the database is away nobody waits for it in vain: after a failure
 * to connect the pool answers with the same error at once until it is time to try again (100 ms ·
 * 2^n, at most 10 s, or half a second in haste, with jitter).
 */
#ifndef PG_POOL_H
#define PG_POOL_H

#include "pg/pg.h"

struct pg_pool;

/* At most `max` connections. The options' texts are copied; nothing is opened yet. */
struct pg_pool *pg_pool_new(const struct pg_options *options, size_t max);

/* Somebody saw that the database is there again: the next who asks tries to connect. Thread-safe.
 */
void pg_pool_retry_now(struct pg_pool *pool);

/* All must have been given back. Accepts NULL. */
void pg_pool_free(struct pg_pool *pool);

/* Borrows a connection, for at most `timeout_ms` waiting for one to be free. Thread-safe.
 * ERR_SOURCE_UNAVAILABLE, or what pg_open says. */
bool pg_pool_take(struct pg_pool *pool, int64_t timeout_ms, struct stop *stop, struct pg **out,
                  struct err *err) MUST_CHECK;

struct pg_pool_use {
    size_t in_use; /* borrowed, or being opened */
    size_t open;
    size_t most;
};

/* Thread-safe. */
void pg_pool_read_use(struct pg_pool *pool, struct pg_pool_use *out);

/* Gives it back, without its stop; a broken one is closed. */
void pg_pool_give(struct pg_pool *pool, struct pg *pg);

#endif

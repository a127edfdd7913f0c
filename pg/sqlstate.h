/* SPDX-License-Identifier: Apache-2.0
 *
 * What an SQLSTATE means to us: one table from PostgreSQL's error codes (its documentation,
 * appendix A) to the SOURCE_ classes, which decide whether to try again.
 */
#ifndef PG_SQLSTATE_H
#define PG_SQLSTATE_H

#include "base/err.h"

/* The class of a five-character SQLSTATE; of "" or NULL, which libpq gives when the connection
 * broke, ERR_SOURCE_UNAVAILABLE. One that nobody knows is ERR_INTERNAL. */
enum err_code sqlstate_class(const char *sqlstate);

/* Tells an error of the database: what its class means and what to do, and the SQLSTATE.
 * `message`, the server's primary message, is quoted only where it cannot hold a row's values (what
 * does not exist, what is not allowed, why no connection). Returns false. */
bool sqlstate_fail(const char *sqlstate, const char *message, struct err *err);

#endif

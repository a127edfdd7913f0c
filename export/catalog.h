/* SPDX-License-Identifier: Apache-2.0
 *
 * All export types of a server, read from a directory at start and never changed after: any thread
 * may read.
 */
#ifndef EXPORT_CATALOG_H
#define EXPORT_CATALOG_H

#include "export/source.h"

struct catalog;

/* Reads every *.sql of the directory, in the order of their names, and checks each against the
 * source. The first that is refused fails the whole: "NAME.sql:LINE: reason". A directory that
 * cannot be read, or has no type, is ERR_INVALID too, of the field EXPORT_TYPES_DIR, and named in
 * the text: this one goes to the operator, not to a caller. */
bool catalog_load(const char *directory, struct source *source, struct catalog **out,
                  struct err *err) MUST_CHECK;

/* Whoever wants to know of every file that is refused. */
struct catalog_listener {
    void (*refused)(void *target, struct err *err);
    void *target;
};

/* Reads them only to find all that is amiss: goes on after a file that is refused, tells the
 * listener of each but the last, and has that in *err. */
bool catalog_try(const char *directory, struct source *source,
                 const struct catalog_listener *listener, struct err *err) MUST_CHECK;

void catalog_free(struct catalog *catalog);

size_t catalog_count(const struct catalog *catalog);
const struct export_type *catalog_at(const struct catalog *catalog, size_t index);

/* NULL if there is none of that name. */
const struct export_type *catalog_find(const struct catalog *catalog, struct str name);

#endif

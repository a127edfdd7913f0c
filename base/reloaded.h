/* SPDX-License-Identifier: Apache-2.0
 *
 * What was read from files that may be replaced while we run: keys, certificates. Whoever uses the
 * value holds it for a moment; at most once a second a holder looks whether the files are others by
 * now, and reads them anew. What cannot be read then leaves the value as it was, so that a file
 * that is half written, or a pair of which one is replaced, refuses nobody; it is tried again at
 * each look, for the reason may pass, and told once.
 *
 *     const struct keys *keys = reloaded_hold(reloaded);
 *     … keys …
 *     reloaded_release(reloaded);
 */
#ifndef BASE_RELOADED_H
#define BASE_RELOADED_H

#include "base/err.h"
#include "base/str.h"

enum { RELOADED_MAX_FILES = 3, RELOADED_MAX_BYTES = 4080 * 1024 };

struct reloaded;

struct reloaded_kind {
    /* Makes a value of the files' texts, in the order of the paths; they end with a NUL that is not
     * counted, and are wiped afterwards. */
    bool (*read)(const struct str *texts, void **out, struct err *err);
    void (*free)(void *value);
    /* What came of a later reading: NULL, or why the value stays as it was. May be NULL. */
    void (*told)(const char *path, const struct err *failure);
    const char *names[RELOADED_MAX_FILES]; /* of the settings that say where the files are */
};

/* Reads the files for the first time; what is given is copied. ERR_INVALID names a file
 * that cannot be read and its setting, or is what `read` says. */
bool reloaded_new(const struct reloaded_kind *kind, const char *const *paths, size_t count,
                  struct reloaded **out, struct err *err) MUST_CHECK;

/* Nobody holds the value any more. NULL is fine. */
void reloaded_free(struct reloaded *reloaded);

/* The value as it is now, until reloaded_release; any number of threads at a time, each once. How
 * often it was read is *out_generation (may be NULL): another value has another number. */
const void *reloaded_hold(struct reloaded *reloaded, uint64_t *out_generation);
void reloaded_release(struct reloaded *reloaded);

#endif

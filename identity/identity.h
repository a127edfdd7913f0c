/* SPDX-License-Identifier: Apache-2.0
 *
 * Who calls: from what a caller showed to whom we take it for. No function here knows gRPC or HTTP;
 * a door fills in struct credentials and gets a struct caller, or ERR_UNAUTHENTICATED.
 *
 * Without authentication (EXPORT_AUTH=none) the caller's own word is believed, so a server listens
 * on loopback only.
 */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include "base/arena.h"
#include "base/err.h"

/* Whom a call is from. */
struct caller {
    struct str owner;   /* whose jobs it makes and sees; empty: not known */
    bool is_admin;      /* sees the jobs of all */
    struct str address; /* of the other end, as in "127.0.0.1"; a hint, nothing proven */
};

/* The owner of a caller that names none, without authentication. */
#define IDENTITY_DEFAULT_OWNER "local"

enum { IDENTITY_OWNER_MAX_BYTES = 128 };

/* What a caller showed, each as it came; how many of each, so that two are never taken for one. */
struct credentials {
    struct str user; /* x-exportq-user: without authentication */
    size_t user_count;
    struct str authorization; /* "Bearer …" */
    size_t authorization_count;
    struct str address;
};

/* The caller; its texts are those of the credentials, or lie in the arena. ERR_UNAUTHENTICATED says
 * what is wrong, and never what was shown. Thread-safe. */
bool identity_of(const struct credentials *credentials, struct arena *arena, struct caller *out,
                 struct err *err) MUST_CHECK;

#endif

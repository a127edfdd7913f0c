/* SPDX-License-Identifier: Apache-2.0
 *
 * Who calls: from what a caller showed to whom we take it for. No function here knows gRPC or HTTP;
 * a door fills in struct credentials and gets a struct caller, or ERR_UNAUTHENTICATED.
 *
 * Without authentication (EXPORT_AUTH=none) the caller's own word is believed, so a server listens
 * on loopback only; a bearer token is refused, as whoever sends one means to be somebody by it.
 * With authentication that word counts for nothing. A bearer token that is shown has to hold, and
 * wins over a client certificate: an "exq_…" is an API key, all else a JSON Web Token.
 */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include "base/arena.h"
#include "base/err.h"
#include "identity/client_certificate.h"
#include "identity/jwt.h"
#include "identity/name.h"

/* Whom a call is from. */
struct caller {
    struct str owner;   /* whose jobs it makes and sees; empty: not known */
    bool is_admin;      /* sees the jobs of all */
    struct str address; /* of the other end, as in "127.0.0.1"; a hint, nothing proven */
    struct str
        trace_parent; /* of the call, as base/trace.h reads it; empty: none. The door's to set */
    struct str trace_state; /* the same, beside it */
};

/* The owner of a caller that names none, without authentication. */
#define IDENTITY_DEFAULT_OWNER "local"

/* What a caller showed, each as it came; how many of each, so that two are never taken for one. */
struct credentials {
    struct str user; /* x-exportq-user: without authentication */
    size_t user_count;
    struct str authorization; /* "Bearer …" */
    size_t authorization_count;
    struct certificate_names certificate; /* of the client, verified by TLS */
    struct str address;
};

/* The settings; their texts are copied. */
struct identity_options {
    struct str methods;     /* EXPORT_AUTH: none, or some of jwt, key, mtls, with commas */
    struct str jwt_keys;    /* path of the file; looked at again while it is used */
    struct jwt_rules jwt;   /* its clock outlives the identity */
    struct str api_keys;    /* path of the file; the same */
    struct str mtls_admins; /* names of certificates, with commas */
    /* What came of reading a file of keys anew: NULL, or why the old ones stay. May be NULL. */
    void (*told)(const char *path, const struct err *failure);
};

/* Whether API keys are among the methods: then options.api_keys has to say where they are. */
bool identity_needs_api_keys(struct str methods);

struct identity;

/* ERR_INVALID names the setting and what would be accepted. */
bool identity_new(const struct identity_options *options, struct identity **out,
                  struct err *err) MUST_CHECK;

/* NULL is fine. */
void identity_free(struct identity *identity);

/* EXPORT_AUTH=none. */
bool identity_is_open(const struct identity *identity);

/* Whether a method is among those of EXPORT_AUTH: "jwt", "key" or "mtls". */
bool identity_takes(const struct identity *identity, struct str method);

/* Whether client certificates are asked for: mtls is among the methods; and whether each caller has
 * to have one, as nothing else counts. */
bool identity_has_mtls(const struct identity *identity);
bool identity_has_mtls_alone(const struct identity *identity);

/* The caller, who has an owner; its texts are those of the credentials, or lie in the arena.
 * ERR_UNAUTHENTICATED says what is wrong, and never what was shown. Thread-safe. */
bool identity_of(const struct identity *identity, const struct credentials *credentials,
                 struct arena *arena, struct caller *out, struct err *err) MUST_CHECK;

/* The same where nobody has to show anything: who shows nothing is a caller without owner, but what
 * is shown has to hold. */
bool identity_of_anyone(const struct identity *identity, const struct credentials *credentials,
                        struct arena *arena, struct caller *out, struct err *err) MUST_CHECK;

#endif

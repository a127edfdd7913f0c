/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as what a caller shows, or as a file of keys: an authorization header; header and
 * claims that are signed as they are, so that the claims are read; a signature, under keys of each
 * kind; a key set; what is inside a PEM block; the names of a certificate. Who is not the owner of
 * a key gets in by none of it. The first byte says which, the rest is the input.
 */
#include "base/base64.h"
#include "base/utf8.h"
#include "identity/bearer.h"
#include "identity/identity.h"
#include "identity/jwks.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/signer.h"

enum { AUTHORIZATION, CLAIMS, SIGNATURE, KEY_SET, PEM, CERTIFICATE, WAYS };
enum { NAMES_MAX = 3 };

static struct signer signers[SIGNATURE_ALGORITHM_COUNT];
static struct jwks *keys;

static int64_t now_ms(const struct clock *clock)
{
    (void)clock;
    return INT64_C(1790000000000);
}

static const struct clock still = {.now_ms = now_ms};

static struct jwt_rules rules(void)
{
    return (struct jwt_rules){.owner_claim = STR("sub"),
                              .role_claim = STR("role"),
                              .admin_role = STR("export-admin"),
                              .skew_ms = 30000,
                              .clock = &still};
}

static void free_keys(void)
{
    for (size_t i = 0; i < COUNT_OF(signers); i++)
        signer_done(&signers[i]);
    jwks_free(keys);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct buf text CLEANUP(buf_done);
    struct err err = {0};
    buf_init(&text, SIGNER_TOKEN_MAX);
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        signer_init(&signers[i], (enum signature_algorithm)i);
        buf_add_text(&text, i ? "," : "{\"keys\":[");
        signer_add_jwk(&signers[i], "", &text);
    }
    buf_add_text(&text, "]}");
    fuzz_require(jwks_read(buf_str(&text), &keys, &err), "there are keys", str_of(err.text));
    return atexit(free_keys);
}

/* Whatever is said reaches the caller. */
static void check_refusal(const struct err *err, enum err_code code)
{
    struct str told = str_of(err->text);
    fuzz_require(err->code == code, "the code of a refusal", told);
    fuzz_require(told.len && utf8_valid_prefix(told.ptr, told.len) == told.len, "text", told);
}

static bool is_taken(struct str token, struct jwt_holder *out, struct arena *arena)
{
    const struct jwt_rules now = rules();
    struct err err = {0};
    if (!jwt_check(keys, &now, token, arena, out, &err)) {
        check_refusal(&err, ERR_UNAUTHENTICATED);
        return false;
    }
    fuzz_require(name_is_legal(out->owner), "an owner has a legal name", out->owner);
    return true;
}

static void try_authorization(struct str header, struct arena *arena)
{
    struct str token;
    struct err err = {0};
    struct jwt_holder holder;
    if (!bearer_read(header, &token, &err)) {
        check_refusal(&err, ERR_UNAUTHENTICATED);
        return;
    }
    fuzz_require(token.len <= BEARER_MAX_BYTES && token.ptr + token.len == header.ptr + header.len,
                 "a token is the end of its header", token);
    fuzz_require(!is_taken(token, &holder, arena), "a token needs a key", token);
}

static void try_claims(struct fuzz_input *input, struct arena *arena)
{
    const struct signer *signer = &signers[HS256];
    struct buf token CLEANUP(buf_done);
    struct buf mac CLEANUP(buf_done);
    struct jwt_holder holder;
    buf_init(&token, SIGNER_TOKEN_MAX);
    buf_init(&mac, SIGNER_TOKEN_MAX);
    struct str header = fuzz_text(input);
    signer_add_parts(header, fuzz_rest(input), &token);
    signer_sign(signer, (struct str){token.ptr, token.len - 1}, &mac);
    base64url_encode(mac.ptr, mac.len, &token);
    if (!is_taken(buf_str(&token), &holder, arena))
        return;
    bool says_so = false;
    for (size_t i = 0; i + 5 <= header.len; i++)
        says_so |= str_equal((struct str){header.ptr + i, 5}, STR("HS256")) ||
                   header.ptr[i] == '\\'; /* its letters may be escaped */
    fuzz_require(says_so, "a token names its algorithm", header);
}

static void try_signature(struct fuzz_input *input, struct arena *arena)
{
    struct buf header CLEANUP(buf_done);
    struct buf token CLEANUP(buf_done);
    struct jwt_holder holder;
    enum signature_algorithm algorithm =
        (enum signature_algorithm)fuzz_choice(input, SIGNATURE_ALGORITHM_COUNT);
    buf_init(&header, 100);
    buf_init(&token, SIGNER_TOKEN_MAX);
    buf_printf(&header, "{\"alg\":\"%s\"}", signature_algorithm_name(algorithm));
    signer_add_parts(buf_str(&header), STR("{\"sub\":\"a\",\"exp\":1790000600}"), &token);
    struct str signature = fuzz_rest(input);
    base64url_encode(signature.ptr, signature.len, &token);
    fuzz_require(!is_taken(buf_str(&token), &holder, arena), "nobody guesses one", signature);
}

/* What was read can be asked. */
static void try_keys(struct str text)
{
    struct jwks *read = NULL;
    struct err err = {0};
    if (!jwks_read(text, &read, &err)) {
        check_refusal(&err, ERR_INVALID);
        fuzz_require(strcmp(err.field, "EXPORT_JWT_KEYS") == 0, "the field", str_of(err.field));
        return;
    }
    static const char zeros[JWKS_MAX_TRIED * 8];
    for (size_t i = 0; i < SIGNATURE_ALGORITHM_COUNT; i++)
        fuzz_require(!jwks_holds(read, (enum signature_algorithm)i, (struct str){0}, STR("m"),
                                 (struct str){zeros, i == EDDSA ? 63 : 64}),
                     "zeros are no signature", text);
    jwks_free(read);
}

static void try_pem(struct fuzz_input *input)
{
    static const char *const names[] = {"PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE",
                                        "PRIVATE KEY"};
    struct buf text CLEANUP(buf_done);
    struct buf body CLEANUP(buf_done);
    const char *name = names[fuzz_choice(input, COUNT_OF(names))];
    struct str bytes = fuzz_rest(input);
    buf_init(&text, SIGNER_TOKEN_MAX);
    buf_init(&body, SIGNER_TOKEN_MAX);
    base64_encode(bytes.ptr, bytes.len, &body);
    buf_printf(&text, "-----BEGIN %s-----\n", name);
    for (size_t i = 0; i < body.len; i += 64)
        buf_printf(&text, "%.*s\n", (int)(body.len - i < 64 ? body.len - i : 64), body.ptr + i);
    buf_printf(&text, "-----END %s-----\n", name);
    try_keys(buf_str(&text));
}

static void try_certificate(struct fuzz_input *input)
{
    struct str names[CERTIFICATE_KINDS][NAMES_MAX];
    struct certificate_names certificate = {0};
    struct str owner;
    struct err err = {0};
    for (size_t kind = 0; kind < CERTIFICATE_KINDS; kind++) {
        certificate.names[kind] = names[kind];
        certificate.counts[kind] = fuzz_choice(input, NAMES_MAX + 1);
        for (size_t i = 0; i < certificate.counts[kind]; i++)
            names[kind][i] = fuzz_text(input);
    }
    if (client_certificate_owner(&certificate, &owner, &err))
        fuzz_require(name_is_legal(owner), "an owner has a legal name", owner);
    else
        check_refusal(&err, ERR_UNAUTHENTICATED);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input input = fuzz_input_of(bytes, len);
    struct arena arena CLEANUP(arena_done) = {0};
    unsigned way = fuzz_choice(&input, WAYS);
    if (way == AUTHORIZATION)
        try_authorization(fuzz_rest(&input), &arena);
    else if (way == CLAIMS)
        try_claims(&input, &arena);
    else if (way == SIGNATURE)
        try_signature(&input, &arena);
    else if (way == KEY_SET)
        try_keys(fuzz_rest(&input));
    else if (way == PEM)
        try_pem(&input);
    else
        try_certificate(&input);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See certificate.h. What was read is tried on an OpenSSL context, as gRPC will do it: once gRPC
 * has taken texts that do not work, it keeps the former pair without a word to us. Chains are held
 * to the context's level of security here, for OpenSSL itself looks only when it shows them.
 */
#include "server/certificate.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/reloaded.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdatomic.h>

enum { AT_CERTIFICATE, AT_KEY, AT_CLIENT_CA, LEAST_RSA_BITS = 2048 };

#define NEVER_TOLD UINT64_MAX

static char no_passphrase[] = ""; /* so that OpenSSL asks nobody for one */

/* What reloaded keeps. */
struct material {
    struct rpc_tls tls;
    int64_t begins_s;
    int64_t ends_s;
};

struct certificate {
    struct reloaded *reloaded;
    _Atomic(uint64_t) told; /* the generation that the log knows of */
};

static void bio_done(BIO **bio)
{
    BIO_free(*bio);
}

static void x509_done(X509 **certificate)
{
    X509_free(*certificate);
}

static void key_done(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void context_done(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

/* Tells what OpenSSL says about a setting's file. */
static bool tell(const char *setting, const char *what, struct err *err)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    (void)err_set_field(err, setting, "the file of %s %s%s%s", setting, what, reason ? ": " : "",
                        reason ? reason : "");
    ERR_clear_error();
    return false;
}

static BIO *text_of(struct str pem)
{
    return BIO_new_mem_buf(pem.ptr, (int)pem.len); /* at most RELOADED_MAX_BYTES */
}

/* The next certificate; NULL at the end, and where the text is damaged: see is_at_end. A text with
 * a passphrase is not asked for one. */
static X509 *next_certificate(BIO *text)
{
    return PEM_read_bio_X509_AUX(text, NULL, NULL, no_passphrase);
}

static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();
    bool is_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    if (is_end)
        ERR_clear_error();
    return is_end;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm fields = {0};
    return ASN1_TIME_to_tm(time, &fields) ? timegm(&fields) : 0;
}

static bool check_strength(X509 *certificate, struct err *err)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
        EVP_PKEY_get_bits(key) >= LEAST_RSA_BITS)
        return true;
    return err_set_field(err, "EXPORT_TLS_CERTIFICATE",
                         "the certificate of EXPORT_TLS_CERTIFICATE has an RSA key of %d bits; "
                         "it takes %d or more",
                         EVP_PKEY_get_bits(key), LEAST_RSA_BITS);
}

static bool use_chain(SSL_CTX *context, struct str pem, struct material *material, struct err *err)
{
    static const char setting[] = "EXPORT_TLS_CERTIFICATE";
    BIO *text CLEANUP(bio_done) = text_of(pem);
    X509 *own CLEANUP(x509_done) = next_certificate(text);
    if (!own)
        return tell(setting, "holds no PEM certificate", err);
    if (!check_strength(own, err))
        return false;
    if (SSL_CTX_use_certificate(context, own) != 1)
        return tell(setting, "holds a certificate that TLS does not take", err);
    material->begins_s = seconds_of(X509_get0_notBefore(own));
    material->ends_s = seconds_of(X509_get0_notAfter(own));
    for (X509 *next = next_certificate(text); next; next = next_certificate(text)) {
        if (SSL_CTX_add0_chain_cert(context, next) != 1) {
            X509_free(next);
            return tell(setting, "holds a chain that TLS does not take", err);
        }
    }
    return is_at_end() || tell(setting, "is damaged", err);
}

static bool use_key(SSL_CTX *context, struct str pem, struct err *err)
{
    BIO *text CLEANUP(bio_done) = text_of(pem);
    EVP_PKEY *key CLEANUP(key_done) = PEM_read_bio_PrivateKey(text, NULL, NULL, no_passphrase);
    if (!key)
        return tell("EXPORT_TLS_KEY", "holds no PEM key without passphrase", err);
    /* OpenSSL holds a key to a certificate of its own kind alone: RSA's passes beside one of EC */
    return (SSL_CTX_use_PrivateKey(context, key) == 1 &&
            X509_check_private_key(SSL_CTX_get0_certificate(context), key) == 1) ||
           tell("EXPORT_TLS_KEY", "holds a key that is not the certificate's", err);
}

static bool check_authorities(struct str pem, struct err *err)
{
    static const char setting[] = "EXPORT_TLS_CLIENT_CA";
    BIO *text CLEANUP(bio_done) = text_of(pem);
    X509 *authority = next_certificate(text);
    if (!authority)
        return tell(setting, "holds no PEM certificate", err);
    for (; authority; authority = next_certificate(text))
        X509_free(authority);
    return is_at_end() || tell(setting, "is damaged", err);
}

static void material_free(void *value)
{
    struct material *material = value;
    char *key = (char *)material->tls.key_pem;
    free((char *)material->tls.certificate_pem);
    free((char *)material->tls.client_ca_pem);
    explicit_bzero(key, strlen(key));
    free(key);
    free(material);
}

static bool read_material(const struct str *texts, bool has_client_ca, void **out, struct err *err)
{
    SSL_CTX *context CLEANUP(context_done) = SSL_CTX_new(TLS_method());
    struct material read = {.begins_s = 0};
    for (size_t i = 0; i < (has_client_ca ? 3 : 2); i++)
        if (memchr(texts[i].ptr, 0, texts[i].len))
            return err_set(err, ERR_INVALID, "a file for TLS holds bytes that are not text");
    if (!use_chain(context, texts[AT_CERTIFICATE], &read, err) ||
        !use_key(context, texts[AT_KEY], err) ||
        (has_client_ca && !check_authorities(texts[AT_CLIENT_CA], err)))
        return false;
    read.tls = (struct rpc_tls){
        .certificate_pem = mem_dup(texts[AT_CERTIFICATE].ptr),
        .key_pem = mem_dup(texts[AT_KEY].ptr),
        .client_ca_pem = has_client_ca ? mem_dup(texts[AT_CLIENT_CA].ptr) : NULL,
    };
    struct material *material = mem_new(struct material);
    *material = read;
    *out = material;
    return true;
}

static bool read_two(const struct str *texts, void **out, struct err *err)
{
    return read_material(texts, false, out, err);
}

static bool read_three(const struct str *texts, void **out, struct err *err)
{
    return read_material(texts, true, out, err);
}

static void told(const char *path, const struct err *failure)
{
    if (failure)
        log_event(LOG_ERROR, "tls.reload_failed", "certificate=%s reason=%s", path, failure->text);
}

bool certificate_open(const struct certificate_files *files, struct certificate **out,
                      struct err *err)
{
    const char *const paths[] = {
        [AT_CERTIFICATE] = files->certificate,
        [AT_KEY] = files->key,
        [AT_CLIENT_CA] = files->client_ca,
    };
    const struct reloaded_kind kind = {
        .read = files->client_ca ? read_three : read_two,
        .free = material_free,
        .told = told,
        .names = {[AT_CERTIFICATE] = "EXPORT_TLS_CERTIFICATE",
                  [AT_KEY] = "EXPORT_TLS_KEY",
                  [AT_CLIENT_CA] = "EXPORT_TLS_CLIENT_CA"},
    };
    struct reloaded *reloaded = NULL;
    if (!reloaded_new(&kind, paths, files->client_ca ? 3 : 2, &reloaded, err))
        return false;
    struct certificate *certificate = mem_new(struct certificate);
    certificate->reloaded = reloaded;
    atomic_init(&certificate->told, NEVER_TOLD);
    *out = certificate;
    return true;
}

static void log_use(const struct material *material, bool is_first)
{
    int64_t now_s = clock_now_ms(&clock_system) / 1000;
    bool has_expired = now_s > material->ends_s;
    bool is_valid = !has_expired && now_s >= material->begins_s;
    char ends[CALENDAR_TEXT_SIZE];
    (void)calendar_format_timestamp(material->ends_s * 1000000, ends);
    log_event(is_valid ? LOG_INFO : LOG_WARNING, is_first ? "tls.loaded" : "tls.reloaded",
              "not_after=%s state=%s", ends,
              is_valid      ? "valid"
              : has_expired ? "expired"
                            : "not_yet_valid");
}

bool certificate_check_dates(struct certificate *certificate, struct err *err)
{
    uint64_t generation = 0;
    const struct material *material = reloaded_hold(certificate->reloaded, &generation);
    int64_t now_s = clock_now_ms(&clock_system) / 1000;
    bool has_expired = now_s > material->ends_s;
    bool is_valid = !has_expired && now_s >= material->begins_s;
    char when[CALENDAR_TEXT_SIZE];
    (void)calendar_format_timestamp((has_expired ? material->ends_s : material->begins_s) * 1000000,
                                    when);
    reloaded_release(certificate->reloaded);
    return is_valid || err_set_field(err, "EXPORT_TLS_CERTIFICATE",
                                     "EXPORT_TLS_CERTIFICATE %s %s, and clients refuse it; replace "
                                     "the files, or set the clock right",
                                     has_expired ? "has expired at" : "is not valid before", when);
}

static const struct rpc_tls *hold(void *data, uint64_t *out_generation)
{
    struct certificate *certificate = data;
    uint64_t generation = 0;
    const struct material *material = reloaded_hold(certificate->reloaded, &generation);
    uint64_t before = atomic_exchange(&certificate->told, generation);
    if (before != generation)
        log_use(material, before == NEVER_TOLD);
    if (out_generation)
        *out_generation = generation;
    return &material->tls;
}

static void release(void *data)
{
    struct certificate *certificate = data;
    reloaded_release(certificate->reloaded);
}

struct rpc_tls_source certificate_source(struct certificate *certificate)
{
    return (struct rpc_tls_source){hold, release, certificate};
}

void certificate_close(struct certificate *certificate)
{
    if (!certificate)
        return;
    reloaded_free(certificate->reloaded);
    free(certificate);
}

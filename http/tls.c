/* SPDX-License-Identifier: Apache-2.0
 *
 * See tls.h. GnuTLS takes no copy of a chain or key during a handshake, so what was given out once
 * stays until tls_close: some kilobytes for each time a certificate is renewed.
 */
#include "http/tls.h"

#include "base/mem.h"

#include <pthread.h>
#include <string.h>

enum { MAX_CHAIN = 16 };

struct shown {
    gnutls_pcert_st chain[MAX_CHAIN];
    unsigned length;
    gnutls_privkey_t key;
    uint64_t generation;
    struct shown *older;
};

static struct {
    pthread_mutex_t mutex;
    const struct http_tls_source *source; /* under mutex, as the next; NULL: no TLS */
    struct shown *shown;                  /* the newest first */
} process = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static gnutls_datum_t datum(const char *text)
{
    return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)};
}

static void shown_free(struct shown *shown)
{
    for (unsigned i = 0; i < shown->length; i++)
        gnutls_pcert_deinit(&shown->chain[i]);
    if (shown->key)
        gnutls_privkey_deinit(shown->key);
    free(shown);
}

/* GnuTLS's code, 0 or less. */
static int read_pem(const struct http_tls *tls, struct shown *out)
{
    gnutls_datum_t certificate = datum(tls->certificate_pem);
    gnutls_datum_t key = datum(tls->key_pem);
    unsigned length = MAX_CHAIN;
    int result = gnutls_pcert_list_import_x509_raw(out->chain, &length, &certificate,
                                                   GNUTLS_X509_FMT_PEM, 0);
    if (result < 0)
        return result;
    out->length = length;
    result = gnutls_privkey_init(&out->key);
    if (result < 0)
        return result;
    return gnutls_privkey_import_x509_raw(out->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
}

/* Under the mutex: the newest that the source has, read at most once. GnuTLS's code. */
static int look(void)
{
    uint64_t generation = 0;
    const struct http_tls *tls = process.source->hold(process.source->data, &generation);
    int result = 0;
    if (!process.shown || process.shown->generation != generation) {
        struct shown *shown = mem_new(struct shown);
        shown->generation = generation;
        shown->older = process.shown;
        result = read_pem(tls, shown);
        if (result < 0)
            shown_free(shown);
        else
            process.shown = shown;
    }
    process.source->release(process.source->data);
    return result;
}

bool tls_open(const struct http_tls_source *source, struct err *err)
{
    pthread_mutex_lock(&process.mutex);
    bool is_taken = process.source != NULL;
    int result = 0;
    if (!is_taken) {
        process.source = source;
        result = look();
        if (result < 0)
            process.source = NULL;
    }
    pthread_mutex_unlock(&process.mutex);
    if (is_taken)
        return err_set(err, ERR_BUSY, "another HTTP server of this process has TLS");
    return result >= 0 || err_set(err, ERR_INVALID, "the certificate or its key cannot be used: %s",
                                  gnutls_strerror(result));
}

void tls_close(void)
{
    pthread_mutex_lock(&process.mutex);
    while (process.shown) {
        struct shown *shown = process.shown;
        process.shown = shown->older;
        shown_free(shown);
    }
    process.source = NULL;
    pthread_mutex_unlock(&process.mutex);
}

int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                 const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                 gnutls_pcert_st **out_chain, unsigned *out_length, gnutls_privkey_t *out_key)
{
    (void)session;
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    pthread_mutex_lock(&process.mutex);
    (void)look(); /* what cannot be read leaves what there is; the source tells of it itself */
    struct shown *shown = process.shown;
    pthread_mutex_unlock(&process.mutex);
    *out_chain = shown->chain;
    *out_length = shown->length;
    *out_key = shown->key;
    return 0;
}

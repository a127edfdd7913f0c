/* SPDX-License-Identifier: Apache-2.0
 *
 * PEM (RFC 7468): any number of blocks, with text between that is passed over. Of a certificate
 * only the key is taken: who issued it and until when it is valid is not asked, for it is this
 * machine's administrator who says whom to trust.
 */
#include "identity/jwks_parts.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct block {
    char *name;
    char *header; /* of an encrypted one */
    unsigned char *bytes;
    long len;
};

static void block_done(struct block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->bytes, block->len > 0 ? (size_t)block->len : 0);
}

static EVP_PKEY *key_of_certificate(const unsigned char **at, long len)
{
    X509 *certificate = d2i_X509(NULL, at, len);
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    return key;
}

/* NULL if the bytes are not just the key. */
static EVP_PKEY *key_of(const struct block *block)
{
    const unsigned char *at = block->bytes;
    EVP_PKEY *key = NULL;
    if (strcmp(block->name, PEM_STRING_PUBLIC) == 0)
        key = d2i_PUBKEY(NULL, &at, block->len);
    else if (strcmp(block->name, PEM_STRING_RSA_PUBLIC) == 0)
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, block->len);
    else if (strcmp(block->name, PEM_STRING_X509) == 0)
        key = key_of_certificate(&at, block->len);
    if (key && at == block->bytes + block->len)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static bool is_private(const struct block *block)
{
    return strstr(block->name, "PRIVATE KEY") || block->header[0];
}

static bool add_block(struct jwks *keys, const struct block *block, struct err *err)
{
    size_t place = keys->count + 1;
    if (keys->count == JWKS_MAX_KEYS)
        return jwks_refuse_many(err);
    if (is_private(block))
        return err_set_field(err, "EXPORT_JWT_KEYS",
                             "block %zu of the file of EXPORT_JWT_KEYS is a private key, which "
                             "belongs to the issuer alone; give the public one, made with: openssl "
                             "pkey -pubout",
                             place);
    EVP_PKEY *key = key_of(block);
    if (!key)
        return err_set_field(err, "EXPORT_JWT_KEYS",
                             "block %zu of the file of EXPORT_JWT_KEYS is no key that can be read; "
                             "accepted are PUBLIC KEY, RSA PUBLIC KEY and CERTIFICATE",
                             place);
    if (!jwk_from_public_key(key, place, &keys->keys[keys->count], err))
        return false;
    keys->count++;
    return true;
}

/* How many blocks begin; one whose frame is damaged would be passed over as text between. */
static size_t count_blocks(struct str text)
{
    const struct str frame = STR("-BEGIN ");
    size_t count = 0;
    for (size_t i = 0; i + frame.len <= text.len; i++)
        count += memcmp(text.ptr + i, frame.ptr, frame.len) == 0;
    return count;
}

bool jwks_read_pem(struct jwks *keys, struct str text, struct err *err)
{
    BIO *file = BIO_new_mem_buf(text.ptr, (int)text.len);
    bool is_fine = file != NULL;
    for (struct block block = {0};
         is_fine && PEM_read_bio(file, &block.name, &block.header, &block.bytes, &block.len);
         block = (struct block){0}) {
        is_fine = add_block(keys, &block, err);
        block_done(&block);
    }
    BIO_free(file);
    ERR_clear_error();
    if (is_fine && keys->count != count_blocks(text))
        return err_set_field(err, "EXPORT_JWT_KEYS",
                             "block %zu of the file of EXPORT_JWT_KEYS is damaged PEM",
                             keys->count + 1);
    return is_fine;
}

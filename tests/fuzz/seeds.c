/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes what the targets start from: the golden rows of the writers' tests, each as an input; and
 * tokens and keys of every algorithm.
 *
 *     fuzz_seeds DIR    makes DIR/tables, DIR/values, DIR/numbers and DIR/tokens
 */
#include "base/buf.h"
#include "tests/support/signer.h"
#include "tests/unit/export_golden.h"

#include <sys/stat.h>

enum { MAX_SEED = 4096 };

static void add_text(struct buf *seed, struct str text)
{
    buf_add_char(seed, (char)text.len);
    buf_add_str(seed, text);
}

static void add_bits(struct buf *seed, const void *bits)
{
    buf_add(seed, bits, sizeof(uint64_t)); /* of a machine whose lowest byte comes first */
}

static bool has_text(const struct value *value)
{
    return value->text.ptr != NULL;
}

static void add_value(struct buf *seed, const struct value *value)
{
    buf_add_char(seed, (char)value->kind);
    if (has_text(value))
        add_text(seed, value->text);
    else if (value->kind == CELL_DOUBLE)
        add_bits(seed, &value->number);
    else if (value->kind == CELL_BOOLEAN)
        buf_add_char(seed, (char)value->integer);
    else if (value->kind != CELL_NULL)
        add_bits(seed, &value->integer);
}

/* As tests/fuzz/fuzz_table.h reads it: a column of any type, and a row. */
static void make_table(struct buf *seed, const struct golden *golden)
{
    const char columns_less_one = 0;
    const char types[] = {COLUMN_ANY, COLUMN_TEXT, 0};
    buf_add(seed, &columns_less_one, 1);
    buf_add(seed, types, sizeof types);
    add_text(seed, STR("c"));
    add_text(seed, STR("Column"));
    buf_add_char(seed, 1);
    add_value(seed, &golden->value);
}

/* As fuzz_pg_values.c does: a type, the same in the file, and how the value prints. */
static void make_value(struct buf *seed, const struct golden *golden)
{
    static const enum column_type types[] = {
        [CELL_NULL] = COLUMN_TEXT,       [CELL_TEXT] = COLUMN_TEXT,
        [CELL_INTEGER] = COLUMN_BIGINT,  [CELL_DOUBLE] = COLUMN_NUMBER,
        [CELL_DECIMAL] = COLUMN_DECIMAL, [CELL_BOOLEAN] = COLUMN_BOOLEAN,
        [CELL_DATE] = COLUMN_DATE,       [CELL_TIMESTAMP] = COLUMN_TIMESTAMP,
        [CELL_JSON] = COLUMN_JSON,       [CELL_BYTES] = COLUMN_BYTES,
        [CELL_ARRAY] = COLUMN_ARRAY,     [CELL_LITERAL] = COLUMN_OTHER,
    };
    char type = (char)types[golden->value.kind];
    buf_add_char(seed, type);
    buf_add_char(seed, type);
    buf_add_str(seed, has_text(&golden->value) ? golden->value.text : str_of(golden->csv));
}

/* As fuzz_numbers.c does. */
static void make_number(struct buf *seed, const struct golden *golden)
{
    enum { DOUBLE, ROUNDED };
    if (golden->value.kind == CELL_DOUBLE) {
        buf_add_char(seed, DOUBLE);
        add_bits(seed, &golden->value.number);
    } else {
        buf_add_char(seed, ROUNDED);
        buf_add_char(seed, 2);
        buf_add_text(seed, golden->csv);
    }
}

/* As fuzz_jwt.c does: a way in, then what it takes. */
static void make_token(struct buf *seed, size_t index)
{
    enum { AUTHORIZATION, CLAIMS, SIGNATURE, KEY_SET };
    struct signer signer;
    enum signature_algorithm algorithm = (enum signature_algorithm)(index / 4);
    signer_init(&signer, algorithm);
    buf_add_char(seed, (char)(index % 4));
    if (index % 4 == AUTHORIZATION) {
        buf_add_text(seed, "Bearer ");
        signer_add_token(&signer, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
                         "{\"sub\":\"alice\",\"exp\":1790000600}", seed);
    } else if (index % 4 == CLAIMS) {
        add_text(seed, STR("{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}"));
        buf_add_text(seed, "{\"sub\":\"alice\",\"exp\":1790000600,\"nbf\":1.5,\"iat\":0,"
                           "\"iss\":\"i\",\"role\":[\"export-admin\"]}");
    } else if (index % 4 == SIGNATURE) {
        buf_add_char(seed, (char)algorithm);
        signer_sign(&signer, STR("another message"), seed);
    } else {
        buf_add_text(seed, "{\"keys\":[");
        signer_add_jwk(&signer, ",\"kid\":\"k1\",\"use\":\"sig\",\"key_ops\":[\"verify\"]", seed);
        buf_add_text(seed, "]}");
    }
    signer_done(&signer);
}

static void make_pem(struct buf *seed, size_t index)
{
    static void (*const forms[])(const struct signer *, struct buf *) = {
        signer_add_pem, signer_add_certificate, signer_add_private_pem};
    struct signer signer;
    signer_init(&signer, index < COUNT_OF(forms) ? ES256 : RS512);
    buf_add_char(seed, 3);
    forms[index % COUNT_OF(forms)](&signer, seed);
    signer_done(&signer);
}

static bool write_seed(const char *directory, const char *kind, size_t index,
                       const struct buf *seed)
{
    char path[MAX_SEED];
    (void)snprintf(path, sizeof path, "%s/%s", directory, kind);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof path, "%s/%s/%zu", directory, kind, index);
    FILE *file = fopen(path, "we");
    if (!file)
        return false;
    bool is_written = fwrite(seed->ptr, 1, seed->len, file) == seed->len;
    return fclose(file) == 0 && is_written && buf_is_ok(seed);
}

static bool write_golden(const char *directory, const char *kind, size_t index,
                         void (*make)(struct buf *seed, const struct golden *golden))
{
    struct buf seed CLEANUP(buf_done);
    buf_init(&seed, MAX_SEED);
    make(&seed, &golden_rows[index]);
    return write_seed(directory, kind, index, &seed);
}

static bool write_tokens(const char *directory)
{
    enum { TOKENS = 4 * SIGNATURE_ALGORITHM_COUNT, PEMS = 6 };
    for (size_t i = 0; i < TOKENS + PEMS; i++) {
        struct buf seed CLEANUP(buf_done);
        buf_init(&seed, MAX_SEED);
        if (i < TOKENS)
            make_token(&seed, i);
        else
            make_pem(&seed, i - TOKENS);
        if (!write_seed(directory, "tokens", i, &seed))
            return false;
    }
    return true;
}

/* As fuzz_http.c reads it: a way in, then what it takes. */
static bool write_http(const char *directory)
{
    static const struct {
        char way;
        const char *text;
    } seeds[] = {
        {0, "{\"type\":\"trades\",\"format\":\"csv\",\"params\":{\"dateFrom\":\"2025-01-01\","
            "\"tagIds\":[\"a\",\"b\"],\"limit\":10,\"selectedColumns\":[\"id\"]},"
            "\"presentation\":{\"locale\":\"de-DE\",\"compression\":\"gzip\"},"
            "\"webhookUrl\":\"https://example.org/hook\"}"},
        {1, "12345678bytes=0-99"},
        {1, "12345678bytes=-1"},
        {2, "\"sha256-abd\", W/\"sha256-abc\""},
        {3, "https://example.org:8443"},
        {4, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {4, "congo=t61rcWkgMzE,rojo@vendor=00f067aa0ba902b7"},
        {5, "https://example.org:8443/hook?key=value"},
        {5, "https://[2001:db8::1]/hook"},
    };
    for (size_t i = 0; i < COUNT_OF(seeds); i++) {
        struct buf seed CLEANUP(buf_done);
        buf_init(&seed, MAX_SEED);
        buf_add_char(&seed, seeds[i].way);
        buf_add_text(&seed, seeds[i].text);
        if (!write_seed(directory, "http", i, &seed))
            return false;
    }
    return true;
}

static bool write_rows(const char *directory)
{
    for (size_t i = 0; i < COUNT_OF(golden_rows); i++)
        if (!write_golden(directory, "tables", i, make_table) ||
            !write_golden(directory, "values", i, make_value) ||
            !write_golden(directory, "numbers", i, make_number))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: fuzz_seeds DIR\n");
        return 2;
    }
    if (write_rows(argv[1]) && write_tokens(argv[1]) && write_http(argv[1]))
        return 0;
    perror(argv[1]);
    return 1;
}

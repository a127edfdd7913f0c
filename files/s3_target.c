/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3_target.h. Bucket and prefix are held to characters that mean themselves in a URL and in a
 * signature, so neither is ever encoded.
 */
#include "files/s3_target.h"

enum { BUCKET_MIN = 3, BUCKET_MAX = 63, PREFIX_MAX = 512, REGION_MAX = 63, ENDPOINT_MAX = 300 };

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool is_made_of(struct str text, const char *characters)
{
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr(characters, text.ptr[i]))
            return false;
    return true;
}

static bool bad_url(const char *why, struct err *err)
{
    return err_set_field(err, "EXPORT_STORE_URL",
                         "EXPORT_STORE_URL %s; use s3://BUCKET or s3://BUCKET/PREFIX", why);
}

static bool check_bucket(struct str bucket, struct err *err)
{
    if (bucket.len < BUCKET_MIN || bucket.len > BUCKET_MAX ||
        !is_made_of(bucket, LOWER DIGITS ".-") || !strchr(LOWER DIGITS, bucket.ptr[0]) ||
        !strchr(LOWER DIGITS, bucket.ptr[bucket.len - 1]))
        return bad_url("names no bucket as buckets are named (3 to 63 of a-z, 0-9, dot and hyphen)",
                       err);
    return true;
}

/* "a/b/" of "a/b" or "a/b/". Segments that a URL would swallow are none of ours. */
static bool make_prefix(struct str text, struct arena *arena, struct str *out, struct err *err)
{
    if (text.len && text.ptr[text.len - 1] == '/')
        text.len--;
    if (text.len > PREFIX_MAX || !is_made_of(text, LOWER UPPER DIGITS "-_./"))
        return bad_url("has a prefix of more than 512 characters, or of others than letters, "
                       "digits, - _ . and /",
                       err);
    struct str rest = text;
    struct str part;
    while (text.len && str_next(&rest, '/', &part))
        if (str_is_empty(part) || str_equal(part, STR(".")) || str_equal(part, STR("..")))
            return bad_url("has a prefix with an empty part, . or ..", err);
    *out = arena_printf(arena, "%.*s%s", STR_ARG(text), text.len ? "/" : "");
    return true;
}

static bool check_region(struct str region, struct err *err)
{
    if (region.len && region.len <= REGION_MAX && is_made_of(region, LOWER UPPER DIGITS "-_"))
        return true;
    return err_set_field(err, "AWS_REGION", "AWS_REGION is no region; it is like eu-central-1");
}

/* Scheme and host of an endpoint. */
static bool split_endpoint(struct str endpoint, struct str *out_scheme, struct str *out_host,
                           struct err *err)
{
    const struct str schemes[] = {STR("https://"), STR("http://")};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!str_starts_with(endpoint, schemes[i]))
            continue;
        *out_scheme = schemes[i];
        *out_host = (struct str){endpoint.ptr + schemes[i].len, endpoint.len - schemes[i].len};
        if (out_host->len && out_host->ptr[out_host->len - 1] == '/')
            out_host->len--;
        if (out_host->len && out_host->len <= ENDPOINT_MAX &&
            is_made_of(*out_host, LOWER UPPER DIGITS "-.:[]"))
            return true;
    }
    return err_set_field(
        err, "EXPORT_S3_ENDPOINT",
        "EXPORT_S3_ENDPOINT is no endpoint; it is like https://minio.example:9000");
}

/* A certificate for *.s3.… holds for no bucket with a dot. */
static bool choose_style(const struct files_s3 *settings, struct str bucket, bool *out_is_path,
                         struct err *err)
{
    *out_is_path = str_equal(settings->style, STR("path"));
    if (str_is_empty(settings->style))
        *out_is_path = !str_is_empty(settings->endpoint) || str_find(bucket, '.') < bucket.len;
    else if (!*out_is_path && !str_equal(settings->style, STR("virtual")))
        return err_set_field(err, "EXPORT_S3_STYLE",
                             "EXPORT_S3_STYLE is \"%.*s\"; it takes path or virtual",
                             STR_ARG(settings->style));
    return true;
}

static bool make_bucket_url(const struct files_s3 *settings, struct str bucket, struct arena *arena,
                            struct s3_target *out, struct err *err)
{
    struct str scheme = STR("https://");
    struct str host = arena_printf(arena, "s3.%.*s.amazonaws.com%s", STR_ARG(settings->region),
                                   str_starts_with(settings->region, STR("cn-")) ? ".cn" : "");
    bool is_path = false;
    if (!choose_style(settings, bucket, &is_path, err) ||
        (!str_is_empty(settings->endpoint) &&
         !split_endpoint(settings->endpoint, &scheme, &host, err)))
        return false;
    if (is_path)
        out->bucket_url =
            arena_printf(arena, "%.*s%.*s/%.*s/", STR_ARG(scheme), STR_ARG(host), STR_ARG(bucket));
    else
        out->bucket_url =
            arena_printf(arena, "%.*s%.*s.%.*s/", STR_ARG(scheme), STR_ARG(bucket), STR_ARG(host));
    return true;
}

bool s3_target_make(struct str rest, const struct files_s3 *settings, struct arena *arena,
                    struct s3_target *out, struct err *err)
{
    struct str bucket;
    if (!str_starts_with(rest, STR("//")))
        return bad_url("names no bucket", err);
    struct str prefix = {rest.ptr + 2, rest.len - 2};
    if (!str_next(&prefix, '/', &bucket))
        return bad_url("names no bucket", err);
    if (!check_bucket(bucket, err) || !make_prefix(prefix, arena, &out->prefix, err) ||
        !check_region(settings->region, err) || !make_bucket_url(settings, bucket, arena, out, err))
        return false;
    out->region = arena_copy_str(arena, settings->region);
    out->ca_file = arena_copy_str(arena, settings->ca_file);
    return true;
}

void s3_target_encode(struct str value, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c && strchr(LOWER UPPER DIGITS "-._~", c))
            buf_add_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See url.h.
 */
#include "webhook/url.h"

#include "webhook/guard.h"

#include <curl/curl.h>

/* The parts of a URL; each may be NULL. */
struct parts {
    CURLU *url;
    char *scheme;
    char *host;
};

static void parts_done(struct parts *parts)
{
    curl_free(parts->scheme);
    curl_free(parts->host);
    curl_url_cleanup(parts->url);
}

static CURLUcode take_apart(const char *text, struct parts *out)
{
    *out = (struct parts){.url = curl_url()};
    CURLUcode code =
        curl_url_set(out->url, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK)
        code = curl_url_get(out->url, CURLUPART_SCHEME, &out->scheme, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(out->url, CURLUPART_HOST, &out->host, 0);
    return code;
}

static bool is_scheme(const struct parts *parts, const char *scheme)
{
    return str_equal(str_of(parts->scheme), str_of(scheme));
}

static bool check_parts(const struct parts *parts, bool allows_private, const char *field,
                        struct err *err)
{
    if (!is_scheme(parts, "https") && !(allows_private && is_scheme(parts, "http")))
        return err_set_field(err, field, "%s has to begin with https://%s", field,
                             allows_private ? " or http://" : "");
    if (!allows_private && !guard_is_public_host(str_of(parts->host)))
        return err_set_field(err, field,
                             "%s leads to a private address; webhooks go to the public internet "
                             "only (EXPORT_WEBHOOK_ALLOW_PRIVATE)",
                             field);
    return true;
}

/* curl takes one to three slashes; others who read the URL may not. */
static bool has_two_slashes(const struct parts *parts, struct str url)
{
    size_t at = strlen(parts->scheme);
    return url.len > at + 3 && memcmp(url.ptr + at, "://", 3) == 0 && url.ptr[at + 3] != '/';
}

bool webhook_check_url(struct str url, bool allows_private, const char *field, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct parts parts CLEANUP(parts_done);
    CURLUcode code = take_apart(arena_copy_text(&arena, url), &parts);
    if (code == CURLUE_USER_NOT_ALLOWED)
        return err_set_field(err, field,
                             "%s has a user or a password; leave them out, for deliveries are "
                             "signed (docs/webhooks.md)",
                             field);
    if (code != CURLUE_OK || !has_two_slashes(&parts, url))
        return err_set_field(err, field, "%s is no URL such as https://example.org/hook", field);
    return check_parts(&parts, allows_private, field, err);
}

struct str webhook_host(struct str url, struct arena *arena)
{
    struct arena ours CLEANUP(arena_done) = {0};
    struct parts parts CLEANUP(parts_done);
    if (take_apart(arena_copy_text(&ours, url), &parts) != CURLUE_OK)
        return (struct str){0};
    return arena_copy_str(arena, str_of(parts.host));
}

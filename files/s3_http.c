/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3_http.h. A line is a libcurl handle with its connection: one request uses it at a time, and
 * idle ones wait in a stack, the warmest on top. The multi interface drives it, for only that lets
 * a stop be heard within 100 ms.
 *
 * Debian's libcurl 7.88 signs what it sends as it is: neither does it sort a query nor add a
 * missing
 * "=", nor encode a path. So requests come here in the order and the form that signatures want. Of
 * header lines it signs all that it is given, sorted by their text, so they are in lower case; an
 * empty one, which would keep libcurl from sending its own, it signs too and does not send. So
 * large bodies wait for the server's leave ("Expect: 100-continue"), which spares those it refuses.
 */
#include "files/s3_http.h"

#include "base/digest.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <pthread.h>
#include <unistd.h>

enum {
    IDLE_LINES = 16,
    CONNECT_MS = 5000,
    STALL_BYTES = 1024, /* a second, or it stalls */
    STALL_S = 30,
    SLOW_S = 300,
    POLL_MS = 100,
    URL_MAX = 16384,
    HEADER_SIZE = 256,
    SIGNATURE_SIZE = 96,
    TEXT_SIZE = 128,
};

struct line {
    CURLM *multi;
    CURL *easy;
};

struct s3_http {
    const struct s3_target *target;
    struct s3_keys *keys;
    char signature[SIGNATURE_SIZE]; /* what CURLOPT_AWS_SIGV4 takes */
    pthread_mutex_t mutex;
    struct line *idle[IDLE_LINES]; /* under the mutex, as the next */
    size_t idle_count;
};

/* ---- Lines ---- */

static void free_line(struct line *line)
{
    curl_easy_cleanup(line->easy);
    (void)curl_multi_cleanup(line->multi);
    free(line);
}

static struct line *new_line(void)
{
    struct line *line = mem_new(struct line);
    line->multi = curl_multi_init();
    line->easy = curl_easy_init();
    if (!line->multi || !line->easy)
        abort(); /* no memory, which mem.h answers so */
    return line;
}

static struct line *take_line(struct s3_http *http)
{
    struct line *line = NULL;
    pthread_mutex_lock(&http->mutex);
    if (http->idle_count)
        line = http->idle[--http->idle_count];
    pthread_mutex_unlock(&http->mutex);
    return line ? line : new_line();
}

static void give_line_back(struct s3_http *http, struct line *line)
{
    curl_easy_reset(line->easy); /* the connection stays, with the multi handle */
    pthread_mutex_lock(&http->mutex);
    if (http->idle_count < IDLE_LINES) {
        http->idle[http->idle_count++] = line;
        line = NULL;
    }
    pthread_mutex_unlock(&http->mutex);
    if (line)
        free_line(line);
}

/* ---- Life ---- */

bool s3_http_new(const struct s3_target *target, struct s3_keys *keys, struct s3_http **out,
                 struct err *err)
{
    if (target->ca_file.len && access(target->ca_file.ptr, R_OK) != 0)
        return err_set_field(err, "EXPORT_S3_CA", "the file %s of EXPORT_S3_CA cannot be read",
                             target->ca_file.ptr);
    /* Counted, and safe for threads, since libcurl 7.84. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "libcurl does not start");
    struct s3_http *http = mem_new(struct s3_http);
    http->target = target;
    http->keys = keys;
    (void)snprintf(http->signature, sizeof http->signature, "aws:amz:%.63s:s3", target->region.ptr);
    pthread_mutex_init(&http->mutex, NULL);
    *out = http;
    return true;
}

void s3_http_free(struct s3_http *http)
{
    if (!http)
        return;
    while (http->idle_count)
        free_line(http->idle[--http->idle_count]);
    pthread_mutex_destroy(&http->mutex);
    free(http);
    curl_global_cleanup();
}

/* ---- A request ---- */

/* An option with a wrong type or name is a fault of ours; one that fails for memory ends us. */
#define SET(easy, option, value)                               \
    do {                                                       \
        if (curl_easy_setopt(easy, option, value) != CURLE_OK) \
            abort();                                           \
    } while (0)

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *body = arg;
    buf_add(body, bytes, size * count);
    return buf_is_ok(body) ? size * count : 0;
}

static void add_header(struct curl_slist **headers, const char *text)
{
    struct curl_slist *all = curl_slist_append(*headers, text);
    if (!all)
        abort();
    *headers = all;
}

static struct curl_slist *make_headers(const struct s3_request *request)
{
    struct curl_slist *headers = NULL;
    char text[HEADER_SIZE];
    char hex[SHA256_HEX_LEN + 1];
    uint8_t digest[SHA256_SIZE];
    struct sha256 *hash = sha256_new();
    sha256_add(hash, request->body.ptr, request->body.len);
    sha256_finish(hash, digest);
    sha256_free(hash);
    sha256_format(digest, hex);
    (void)snprintf(text, sizeof text, "x-amz-content-sha256: %s", hex);
    add_header(&headers, text);
    if (request->header)
        add_header(&headers, request->header);
    if (request->body.ptr)
        add_header(&headers, "content-type: application/octet-stream");
    return headers;
}

/* Who asks. libcurl keeps copies until the line is given back. */
static void set_key(struct s3_http *http, CURL *easy, struct curl_slist **headers)
{
    const struct s3_key *key = s3_keys_hold(http->keys);
    SET(easy, CURLOPT_AWS_SIGV4, http->signature);
    SET(easy, CURLOPT_USERNAME, key->access_key.ptr);
    SET(easy, CURLOPT_PASSWORD, key->secret_key.ptr);
    if (key->session_token.len) {
        struct buf header CLEANUP(buf_done);
        buf_init(&header, key->session_token.len + HEADER_SIZE);
        buf_add_text(&header, "x-amz-security-token: ");
        buf_add_str(&header, key->session_token);
        add_header(headers, header.ptr);
    }
    s3_keys_release(http->keys);
}

static void set_url(const struct s3_http *http, const struct s3_request *request, CURL *easy)
{
    struct buf url CLEANUP(buf_done);
    buf_init(&url, URL_MAX);
    buf_add_str(&url, http->target->bucket_url);
    buf_add_text(&url, request->name);
    if (request->query)
        buf_printf(&url, "?%s", request->query);
    if (!buf_is_ok(&url))
        abort(); /* all parts are bounded to fit */
    SET(easy, CURLOPT_URL, url.ptr);
    SET(easy, CURLOPT_PATH_AS_IS, 1L);
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (http->target->ca_file.len)
        SET(easy, CURLOPT_CAINFO, http->target->ca_file.ptr);
}

static void set_method(const struct s3_request *request, CURL *easy)
{
    char range[TEXT_SIZE];
    if (request->body.ptr) { /* also of no bytes */
        SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(easy, CURLOPT_POSTFIELDS, request->body.ptr);
    }
    if (strcmp(request->method, "HEAD") == 0)
        SET(easy, CURLOPT_NOBODY, 1L);
    else
        SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->range_len) {
        (void)snprintf(range, sizeof range, "%lld-%lld", (long long)request->range_from,
                       (long long)(request->range_from + (int64_t)request->range_len - 1));
        SET(easy, CURLOPT_RANGE, range);
    }
}

static void set_patience(const struct s3_request *request, CURL *easy)
{
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_QUICK_EXIT, 1L); /* a stop does not wait for a name */
    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
    SET(easy, CURLOPT_LOW_SPEED_TIME, request->is_slow ? (long)SLOW_S : (long)STALL_S);
    SET(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
}

/* Drives the request to its end; false when the stop is wished first. */
static bool drive(struct line *line, struct stop *stop, CURLcode *out)
{
    int running = 0;
    *out = CURLE_FAILED_INIT;
    if (curl_multi_add_handle(line->multi, line->easy) != CURLM_OK)
        return true;
    do {
        if (curl_multi_perform(line->multi, &running) != CURLM_OK)
            break;
        if (running && stop_reason(stop) != STOP_NONE)
            break;
        if (running)
            (void)curl_multi_poll(line->multi, NULL, 0, POLL_MS, NULL);
    } while (running);
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(line->multi, &left);
    bool is_done = message && message->msg == CURLMSG_DONE;
    if (is_done)
        *out = message->data.result;
    (void)curl_multi_remove_handle(line->multi, line->easy);
    return is_done || stop_reason(stop) == STOP_NONE;
}

static void note_answer(CURL *easy, struct s3_reply *reply)
{
    struct curl_header *etag = NULL;
    curl_off_t length = -1;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply->status);
    (void)curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    reply->length = length;
    reply->etag[0] = '\0';
    if (curl_easy_header(easy, "ETag", 0, CURLH_HEADER, -1, &etag) != CURLHE_OK)
        return;
    for (const char *c = etag->value; *c; c++)
        if (*c <= ' ' || *c == '<' || *c == '&' || *c > '~')
            return; /* it goes into XML and headers */
    if (strlen(etag->value) < S3_ETAG_SIZE)
        (void)snprintf(reply->etag, S3_ETAG_SIZE, "%s", etag->value);
}

static enum s3_sent judge(CURLcode code, const struct s3_reply *reply, struct err *err)
{
    if (code == CURLE_OK)
        return S3_ANSWERED;
    if (!buf_is_ok(&reply->body)) {
        (void)err_set(err, ERR_STORE_UNAVAILABLE, "the object store answers more than was asked");
        return S3_OVERFLOWING;
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        (void)err_set(err, ERR_STORE_DENIED,
                      "the certificate of the object store is not trusted; set EXPORT_S3_CA to a "
                      "file with its authority's");
        return S3_UNTRUSTED;
    }
    (void)err_set(err, ERR_STORE_UNAVAILABLE,
                  "the object store does not answer (%s); see whether it runs and "
                  "EXPORT_S3_ENDPOINT leads to it",
                  curl_easy_strerror(code));
    return S3_UNANSWERED;
}

enum s3_sent s3_http_send(struct s3_http *http, const struct s3_request *request, struct stop *stop,
                          struct s3_reply *reply, struct err *err)
{
    CURLcode code = CURLE_OK;
    struct line *line = take_line(http);
    struct curl_slist *headers = make_headers(request);
    buf_clear(&reply->body);
    reply->status = 0;
    set_url(http, request, line->easy);
    set_method(request, line->easy);
    set_patience(request, line->easy);
    set_key(http, line->easy, &headers);
    SET(line->easy, CURLOPT_HTTPHEADER, headers);
    SET(line->easy, CURLOPT_WRITEFUNCTION, take_body);
    SET(line->easy, CURLOPT_WRITEDATA, &reply->body);
    bool is_done = drive(line, stop, &code);
    if (is_done && code == CURLE_OK)
        note_answer(line->easy, reply);
    curl_slist_free_all(headers);
    give_line_back(http, line);
    return is_done ? judge(code, reply, err) : S3_STOPPED;
}

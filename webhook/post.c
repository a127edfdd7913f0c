/* SPDX-License-Identifier: Apache-2.0
 *
 * See post.h.
 */
#include "webhook/post.h"

#include "base/clock.h"
#include "base/mem.h"
#include "webhook/guard.h"

#include <curl/curl.h>
#include <unistd.h>

enum { CONNECT_TIMEOUT_MS = 5000, CONNECTIONS_KEPT = 32, SECOND_MS = 1000 };

struct poster {
    CURLM *multi;
    struct poster_options options;
    char *ca_path;          /* NULL: none */
    struct transfer *first; /* of those under way */
};

struct transfer {
    struct transfer *next;
    const struct poster *poster;
    CURL *easy;
    struct curl_slist *headers;
    void *user;
    int64_t start_ms;
    size_t answer_bytes;
    bool is_refused; /* an address was private */
};

struct poster *poster_new(const struct poster_options *options)
{
    struct poster *poster = mem_new(struct poster);
    poster->options = *options;
    poster->ca_path = options->ca_path ? mem_dup(options->ca_path) : NULL;
    poster->multi = curl_multi_init();
    (void)curl_multi_setopt(poster->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return poster;
}

static void transfer_free(struct transfer *transfer)
{
    (void)curl_multi_remove_handle(transfer->poster->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    free(transfer);
}

void poster_free(struct poster *poster)
{
    if (!poster)
        return;
    while (poster->first) {
        struct transfer *transfer = poster->first;
        poster->first = transfer->next;
        transfer_free(transfer);
    }
    (void)curl_multi_cleanup(poster->multi);
    free(poster->ca_path);
    free(poster);
}

/* ---- What libcurl asks ---- */

/* The address is the one that is connected to, after all that DNS said. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = arg;
    (void)purpose;
    if (!transfer->poster->options.allows_private && !guard_is_public(&address->addr)) {
        transfer->is_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Nothing of an answer is kept; what is too long is cut off. */
static size_t take_answer(char *bytes, // NOLINT(readability-non-const-parameter): libcurl's
                          size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    (void)bytes;
    transfer->answer_bytes += size * count;
    return transfer->answer_bytes > POST_MAX_ANSWER ? 0 : size * count;
}

/* ---- Beginning ---- */

static void set_headers(struct transfer *transfer, const struct post *post)
{
    static const char *const ours[] = {"Content-Type: application/json", "Expect:", "Accept:"};
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        transfer->headers = curl_slist_append(transfer->headers, ours[i]);
    for (size_t i = 0; i < post->header_count; i++)
        transfer->headers = curl_slist_append(transfer->headers, post->headers[i]);
}

static void set_options(struct transfer *transfer, const struct post *post)
{
    CURL *easy = transfer->easy;
    const struct poster *poster = transfer->poster;
    bool allows_private = poster->options.allows_private;
    (void)curl_easy_setopt(easy, CURLOPT_URL, post->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, allows_private ? "https,http" : "https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever the environment says */
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* one host whose names are not answered holds nobody else up, nor the end */
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)poster->options.timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.len);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body.ptr);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, poster->options.user_agent);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    if (!poster->ca_path)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_CAINFO, poster->ca_path);
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* or the system's would do as well */
}

void poster_start(struct poster *poster, const struct post *post, void *user)
{
    struct transfer *transfer = mem_new(struct transfer);
    transfer->poster = poster;
    transfer->user = user;
    transfer->start_ms = clock_monotonic_ms();
    transfer->easy = curl_easy_init();
    transfer->next = poster->first;
    poster->first = transfer;
    set_headers(transfer, post);
    set_options(transfer, post);
    (void)curl_multi_add_handle(poster->multi, transfer->easy);
}

/* ---- Ending ---- */

/* Where the answer was longer than is read, or did not end in time, its status counts all the same;
 * a connection that broke in its middle may have broken on the receiver, too. */
static bool has_answered(const struct transfer *transfer, CURLcode code)
{
    return code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer->answer_bytes);
}

static void read_answer(struct transfer *transfer, CURLcode code, struct post_answer *out)
{
    long status = 0;
    curl_off_t retry_after_s = 0;
    *out = (struct post_answer){.duration_ms = clock_monotonic_ms() - transfer->start_ms};
    if (!has_answered(transfer, code)) {
        (void)snprintf(out->reason, sizeof out->reason, "%s",
                       transfer->is_refused ? "its address is private" : curl_easy_strerror(code));
        return;
    }
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    out->status = (int)status;
    if (retry_after_s > 0 && retry_after_s < INT32_MAX)
        out->retry_after_ms = (int64_t)retry_after_s * SECOND_MS;
}

static void take_out(struct poster *poster, const struct transfer *transfer)
{
    struct transfer **place = &poster->first;
    while (*place != transfer)
        place = &(*place)->next;
    *place = transfer->next;
}

void poster_run(struct poster *poster, int64_t timeout_ms,
                void (*done)(void *target, void *user, const struct post_answer *answer),
                void *target)
{
    int running = 0;
    int waiting = 0;
    (void)curl_multi_perform(poster->multi, &running);
    CURLMsg *message = curl_multi_info_read(poster->multi, &waiting);
    if (!message) {
        (void)curl_multi_poll(poster->multi, NULL, 0, (int)timeout_ms, NULL);
        (void)curl_multi_perform(poster->multi, &running);
        message = curl_multi_info_read(poster->multi, &waiting);
    }
    for (; message; message = curl_multi_info_read(poster->multi, &waiting)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct post_answer answer;
        char *data = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
        struct transfer *transfer = (struct transfer *)(void *)data;
        void *user = transfer->user;
        read_answer(transfer, message->data.result, &answer);
        take_out(poster, transfer);
        transfer_free(transfer);
        done(target, user, &answer);
    }
}

void poster_wake(struct poster *poster)
{
    (void)curl_multi_wakeup(poster->multi);
}

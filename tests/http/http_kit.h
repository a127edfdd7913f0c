/* SPDX-License-Identifier: Apache-2.0
 *
 * A server for a test, and a client that says what it is told to, byte for byte.
 */
#ifndef TESTS_HTTP_KIT_H
#define TESTS_HTTP_KIT_H

#include "base/clock.h"
#include "base/mem.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_SIZE = 256 * 1024, PATIENCE_S = 10 };

struct http_kit {
    struct http_server *server;
    char answer[ANSWER_SIZE]; /* of the last call */
    size_t answer_len;
};

static inline void kit_refuse(void *data, struct http_call *call, const struct err *why)
{
    (void)data;
    http_reply(call, http_status_from_err(why->code), "text/plain", str_of(why->text));
}

static inline void kit_start(struct http_kit *kit, struct http_server_options options)
{
    struct err err = {0};
    options.listen = "127.0.0.1:0";
    options.refuse = kit_refuse;
    if (!http_server_new(&options, &kit->server, &err) || !http_server_start(kit->server, &err))
        fail_msg("%s", err.text);
}

static inline int kit_connect(const struct http_kit *kit)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)http_server_port(kit->server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
    assert_int_equal(0, connect(fd, (struct sockaddr *)&address, sizeof address));
    return fd;
}

static inline void kit_say(int fd, const char *text)
{
    size_t len = strlen(text);
    assert_int_equal(len, send(fd, text, len, MSG_NOSIGNAL));
}

/* Reads until this text has come, or to the end of the connection. */
static inline const char *kit_read_until(struct http_kit *kit, int fd, const char *text)
{
    kit->answer_len = 0;
    kit->answer[0] = '\0';
    while (!strstr(kit->answer, text) && kit->answer_len + 1 < sizeof kit->answer) {
        ssize_t got =
            recv(fd, kit->answer + kit->answer_len, sizeof kit->answer - kit->answer_len - 1, 0);
        if (got < 0)
            fail_msg("no answer with %s, but: %s", text, kit->answer);
        if (got == 0)
            break;
        kit->answer_len += (size_t)got;
        kit->answer[kit->answer_len] = '\0';
    }
    return kit->answer;
}

/* The whole answer to a request, which is to end its connection. */
static inline const char *kit_ask(struct http_kit *kit, const char *request)
{
    int fd = kit_connect(kit);
    kit_say(fd, request);
    (void)kit_read_until(kit, fd, "\x01 never");
    (void)close(fd);
    return kit->answer;
}

/* "GET /path" and the rest of a request without a body. */
static inline const char *kit_get(struct http_kit *kit, const char *method_and_path)
{
    char request[4096];
    (void)snprintf(request, sizeof request,
                   "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method_and_path);
    return kit_ask(kit, request);
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in: %s", part, text);
}

static inline void assert_has_no(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" in: %s", part, text);
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Very many listeners to server-sent events, in one thread, so that what is measured is the server:
 *
 *     listeners PORT USER COUNT
 *
 * Prints "ready" once all hear, then for each event how many have it: when the last has heard the
 * first event of a job, "heard MS", its wall-clock time in milliseconds since 1970.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BYTES = 65536, EVENTS = 512, FILES_BESIDE = 64 };

static const char greeting[] = "retry: 2000\n\n";
static const char event[] = "event: job\n";

/* How far a listener is in finding a text that may come in pieces. */
struct listener {
    int fd;
    size_t matched;
    bool is_ready;
    bool has_heard;
};

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static bool find(struct listener *listener, const char *text, size_t len, const char **at,
                 const char *end)
{
    for (; *at < end && listener->matched < len; (*at)++)
        listener->matched =
            **at == text[listener->matched] ? listener->matched + 1 : (size_t)(**at == text[0]);
    if (listener->matched < len)
        return false;
    listener->matched = 0;
    return true;
}

/* True when it has heard what it waited for. */
static bool hear(struct listener *listener)
{
    static char bytes[BYTES];
    ssize_t got = recv(listener->fd, bytes, sizeof bytes, 0);
    if (got <= 0) {
        (void)fprintf(stderr, "a listener was cut off\n");
        exit(1);
    }
    const char *at = bytes;
    if (!listener->is_ready) {
        listener->is_ready = find(listener, greeting, sizeof greeting - 1, &at, bytes + got);
        return listener->is_ready;
    }
    if (!listener->has_heard)
        return listener->has_heard = find(listener, event, sizeof event - 1, &at, bytes + got);
    return false;
}

static void hear_all(int poll, size_t count)
{
    static struct epoll_event events[EVENTS];
    while (count > 0) {
        int told = epoll_wait(poll, events, EVENTS, 30000);
        if (told <= 0)
            give_up("waiting in vain");
        for (int i = 0; i < told; i++)
            count -= hear(events[i].data.ptr);
    }
}

static void begin(struct listener *listener, int poll, int port, const char *user)
{
    char request[512];
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                        .sin_port = htons((unsigned short)port)};
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = listener};
    int len = snprintf(request, sizeof request,
                       "GET /api/exports/events HTTP/1.1\r\nHost: localhost\r\n"
                       "X-Exportq-User: %s\r\n\r\n",
                       user);
    listener->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listener->fd < 0 ||
        connect(listener->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        send(listener->fd, request, (size_t)len, MSG_NOSIGNAL) != len ||
        epoll_ctl(poll, EPOLL_CTL_ADD, listener->fd, &wanted) != 0)
        give_up("connecting");
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: listeners PORT USER COUNT\n");
        return 2;
    }
    size_t count = strtoul(argv[3], NULL, 10);
    const struct rlimit files = {count + FILES_BESIDE, count + FILES_BESIDE};
    struct listener *listeners = calloc(count, sizeof *listeners);
    int poll = epoll_create1(0);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (!listeners || poll < 0)
        give_up("starting");
    for (size_t i = 0; i < count; i++)
        begin(&listeners[i], poll, atoi(argv[1]), argv[2]);
    hear_all(poll, count);
    (void)printf("ready\n");
    (void)fflush(stdout);
    hear_all(poll, count);
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)printf("heard %lld\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    free(listeners);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What hangs, and whom it holds up; what a stop lets finish, whom it refuses, and for whom it does
 * not wait.
 */
#include "base/thread.h"
#include "tests/http/http_kit.h"

#include <stdatomic.h>

enum { BIG_BYTES = 20 * 1000 * 1000, BLOCK = 100 * 1000, LONG_MS = 20000 };
enum { WORKERS = 2, DISK_CALLS = 3 * WORKERS };

static struct http_kit kit;

/* What hangs, in a handler or a source, until it is let go. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t has_changed;
    unsigned hanging;
    bool is_let_go;
} disk = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false};

static void hang(void)
{
    pthread_mutex_lock(&disk.mutex);
    disk.hanging++;
    pthread_cond_broadcast(&disk.has_changed);
    while (!disk.is_let_go)
        pthread_cond_wait(&disk.has_changed, &disk.mutex);
    disk.hanging--;
    pthread_mutex_unlock(&disk.mutex);
}

static void await_hanging(unsigned count)
{
    pthread_mutex_lock(&disk.mutex);
    while (disk.hanging < count)
        pthread_cond_wait(&disk.has_changed, &disk.mutex);
    pthread_mutex_unlock(&disk.mutex);
}

static void let_go(void)
{
    pthread_mutex_lock(&disk.mutex);
    disk.is_let_go = true;
    pthread_cond_broadcast(&disk.has_changed);
    pthread_mutex_unlock(&disk.mutex);
}

static void answer(void *data, struct http_call *call)
{
    (void)data;
    http_reply(call, 200, "text/plain", STR("here"));
}

static void hang_and_answer(void *data, struct http_call *call)
{
    hang();
    answer(data, call);
}

static enum http_next next_block(void *state, struct buf *out, bool is_stopping)
{
    size_t *left = state;
    (void)is_stopping;
    if (*left == 0)
        return HTTP_END;
    memset(buf_reserve(out, BLOCK), 'x', BLOCK);
    buf_commit(out, BLOCK);
    *left -= BLOCK;
    return HTTP_MORE;
}

static void forget(void *state, bool was_taken)
{
    (void)was_taken;
    free(state);
}

static void forget_slowly(void *state, bool was_taken)
{
    hang();
    forget(state, was_taken);
}

static void stream(struct http_call *call, const struct http_source *source)
{
    size_t *left = mem_new(size_t);
    *left = BIG_BYTES;
    http_stream(call, 200, "application/octet-stream", source, left);
}

static void stream_file(void *data, struct http_call *call)
{
    static const struct http_source source = {next_block, forget};
    (void)data;
    stream(call, &source);
}

static void stream_with_an_end_that_hangs(void *data, struct http_call *call)
{
    static const struct http_source source = {next_block, forget_slowly};
    (void)data;
    stream(call, &source);
}

static const struct http_route routes[] = {{"GET", "/health", answer, ""},
                                           {"GET", "/hang", hang_and_answer, ""},
                                           {"GET", "/file", stream_file, ""},
                                           {"GET", "/late", stream_with_an_end_that_hangs, ""},
                                           {"GET", "/disk", hang_and_answer, ""}};

static bool is_slow(const struct http_route *route)
{
    return strcmp(route->path, "/disk") == 0;
}

static int start(void **state)
{
    (void)state;
    disk.is_let_go = false;
    kit_start(&kit, (struct http_server_options){.routes = routes,
                                                 .route_count = COUNT_OF(routes),
                                                 .is_slow = is_slow,
                                                 .workers = WORKERS,
                                                 .hang_ms = 50});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    let_go();
    if (http_server_stop(kit.server, LONG_MS) > 0) /* what was let go is on its way back */
        while (http_server_stop(kit.server, 0) > 0)
            thread_sleep_ms(1);
    http_server_free(kit.server);
    kit.server = NULL;
    return 0;
}

static int ask(const char *path)
{
    char request[256];
    int fd = kit_connect(&kit);
    (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    kit_say(fd, request);
    return fd;
}

static void *stop_in_a_thread(void *data)
{
    (void)data;
    return http_server_stop(kit.server, LONG_MS) == 0 ? NULL : &kit;
}

static void await_refusal(void)
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_S * 1000;
    while (!strstr(kit_get(&kit, "GET /health"), " 503 ") && clock_monotonic_ms() < end_ms)
        thread_sleep_ms(1);
}

static void who_comes_while_it_stops_is_refused_and_who_was_there_is_served(void **state)
{
    (void)state;
    pthread_t thread;
    void *has_hung = NULL;
    int kept = ask("/health");
    assert_has(kit_read_until(&kit, kept, "here"), " 200 OK\r\n");
    int download = ask("/file");
    size_t got = strlen(kit_read_until(&kit, download, "xxx"));
    thread_start(&thread, stop_in_a_thread, NULL);
    await_refusal();
    const char *answer = kit_get(&kit, "GET /file");
    assert_has(answer, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_has(answer, "Connection: close\r\n");
    assert_has(answer, "shutting down");
    kit_say(kept, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_has(kit_read_until(&kit, kept, "soon"), " 503 ");
    (void)close(kept);
    while (strstr(kit_read_until(&kit, download, "\r\n0\r\n\r\n"), "xxx"))
        got += kit.answer_len;
    assert_true(got > BIG_BYTES);
    (void)close(download);
    pthread_join(thread, &has_hung);
    assert_null(has_hung);
}

static void a_stop_does_not_wait_for_a_handler_that_hangs(void **state)
{
    (void)state;
    int fd = ask("/hang");
    await_hanging(1);
    int64_t begin_ms = clock_monotonic_ms();
    assert_int_equal(1, http_server_stop(kit.server, 20));
    assert_in_range(clock_monotonic_ms() - begin_ms, 70, 5000);
    assert_has(kit_get(&kit, "GET /health"), " 503 ");
    http_server_free(kit.server); /* leaves what the handler needs */
    (void)close(fd);
}

static void nor_for_the_end_of_a_stream_that_hangs(void **state)
{
    (void)state;
    int fd = ask("/late");
    (void)kit_read_until(&kit, fd, "xxx");
    (void)close(fd);
    await_hanging(1);
    assert_int_equal(1, http_server_stop(kit.server, 20));
}

static void slow_routes_that_hang_hold_up_no_other(void **state)
{
    (void)state;
    int fds[DISK_CALLS];
    for (size_t i = 0; i < DISK_CALLS; i++)
        fds[i] = ask("/disk");
    await_hanging(WORKERS);
    assert_has(kit_get(&kit, "GET /health"), " 200 OK\r\n");
    let_go();
    for (size_t i = 0; i < DISK_CALLS; i++) {
        assert_has(kit_read_until(&kit, fds[i], "here"), " 200 OK\r\n");
        (void)close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            who_comes_while_it_stops_is_refused_and_who_was_there_is_served, start, stop),
        cmocka_unit_test_setup_teardown(a_stop_does_not_wait_for_a_handler_that_hangs, start, stop),
        cmocka_unit_test_setup_teardown(slow_routes_that_hang_hold_up_no_other, start, stop),
        cmocka_unit_test_setup_teardown(nor_for_the_end_of_a_stream_that_hangs, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

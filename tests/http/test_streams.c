/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies that are made while they are sent.
 */
#include "base/thread.h"
#include "tests/http/http_kit.h"

#include <stdatomic.h>

enum { CLIENTS = 200, BIG_BYTES = 5 * 1000 * 1000, BLOCK = 70 * 1000 };

/* What all streams of a test share. */
static struct {
    pthread_mutex_t mutex;
    struct http_call *waiting[CLIENTS]; /* with a reference */
    size_t waiting_count;
    atomic_uint news; /* what a stream has to tell: its number */
    atomic_uint freed;
    atomic_uint freed_taken;
    atomic_uint asked;
} all = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct http_kit kit;

static void count_freed(void *state, bool was_taken)
{
    free(state);
    atomic_fetch_add(&all.freed_taken, was_taken);
    atomic_fetch_add(&all.freed, 1);
}

/* --- a stream that waits for news --- */

struct told {
    unsigned last;
};

static enum http_next next_news(void *state, struct buf *out, bool is_stopping)
{
    struct told *told = state;
    unsigned news = atomic_load(&all.news);
    atomic_fetch_add(&all.asked, 1);
    if (told->last < news) {
        told->last = news;
        buf_printf(out, "news %u\n", news);
        return HTTP_MORE;
    }
    if (is_stopping)
        buf_clear(out);
    return HTTP_WAIT;
}

static void stream_news(void *data, struct http_call *call)
{
    static const struct http_source source = {next_news, count_freed};
    (void)data;
    pthread_mutex_lock(&all.mutex);
    if (all.waiting_count < CLIENTS)
        all.waiting[all.waiting_count++] = http_call_ref(call);
    pthread_mutex_unlock(&all.mutex);
    http_stream(call, 200, "text/event-stream", &source, mem_new(struct told));
}

static void wake_all(void)
{
    pthread_mutex_lock(&all.mutex);
    for (size_t i = 0; i < all.waiting_count; i++)
        http_wake(all.waiting[i]);
    pthread_mutex_unlock(&all.mutex);
}

/* --- a file of a size, made of one letter --- */

struct file {
    size_t left;
    size_t breaks_at; /* 0: never */
};

static enum http_next next_block(void *state, struct buf *out, bool is_stopping)
{
    struct file *file = state;
    size_t len = file->left < BLOCK ? file->left : BLOCK;
    (void)is_stopping;
    if (file->breaks_at && file->left <= file->breaks_at)
        return HTTP_BROKEN;
    if (len == 0)
        return HTTP_END;
    memset(buf_reserve(out, len), 'x', len);
    buf_commit(out, len);
    file->left -= len;
    return HTTP_MORE;
}

static void stream_file(void *data, struct http_call *call)
{
    static const struct http_source source = {next_block, count_freed};
    struct str text = {0};
    struct file *file = mem_new(struct file);
    (void)data;
    file->left = BIG_BYTES;
    if (http_query(call, "breaks", &text))
        file->breaks_at = BIG_BYTES / 2;
    if (http_query(call, "sized", &text))
        http_set_size(call, BIG_BYTES);
    http_stream(call, 200, "application/octet-stream", &source, file);
}

static const struct http_route routes[] = {{"GET", "/news", stream_news, NULL},
                                           {"GET", "/file", stream_file, NULL}};

static int start(void **state)
{
    (void)state;
    atomic_store(&all.news, 0);
    atomic_store(&all.freed, 0);
    atomic_store(&all.freed_taken, 0);
    atomic_store(&all.asked, 0);
    kit_start(&kit, (struct http_server_options){
                        .routes = routes, .route_count = COUNT_OF(routes), .ask_again_ms = 200});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_server_stop(kit.server, 1000);
    while (all.waiting_count > 0)
        http_call_unref(all.waiting[--all.waiting_count]);
    http_server_free(kit.server);
    kit.server = NULL;
    return 0;
}

static void await(atomic_uint *number, unsigned least)
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_S * 1000;
    while (atomic_load(number) < least && clock_monotonic_ms() < end_ms)
        thread_sleep_ms(1);
    assert_true(atomic_load(number) >= least);
}

static int listen_for_news(void)
{
    int fd = kit_connect(&kit);
    kit_say(fd, "GET /news HTTP/1.1\r\nHost: a\r\n\r\n");
    return fd;
}

static size_t read_all(int fd)
{
    static char bytes[65536];
    size_t total = 0;
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        total += (size_t)got;
    (void)close(fd);
    return total;
}

static void a_stream_that_waits_is_woken(void **state)
{
    (void)state;
    int fds[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        fds[i] = listen_for_news();
    await(&all.asked, CLIENTS);
    atomic_store(&all.news, 1);
    wake_all();
    for (size_t i = 0; i < CLIENTS; i++)
        assert_has(kit_read_until(&kit, fds[i], "news 1\n"), "news 1\n");
    atomic_store(&all.news, 2);
    wake_all();
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_has(kit_read_until(&kit, fds[i], "news 2\n"), "news 2\n");
        (void)close(fds[i]);
    }
}

static void a_stream_that_nobody_wakes_is_asked_again(void **state)
{
    (void)state;
    int fd = listen_for_news();
    await(&all.asked, 1);
    atomic_store(&all.news, 1);
    assert_has(kit_read_until(&kit, fd, "news 1\n"), "news 1\n");
    (void)close(fd);
}

static void a_client_that_is_gone_is_noticed_when_there_is_news(void **state)
{
    (void)state;
    (void)close(listen_for_news());
    await(&all.asked, 1);
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_S * 1000;
    while (atomic_load(&all.freed) == 0 && clock_monotonic_ms() < end_ms) {
        atomic_fetch_add(&all.news, 1);
        wake_all();
        thread_sleep_ms(5);
    }
    assert_int_equal(1, atomic_load(&all.freed));
    assert_int_equal(0, atomic_load(&all.freed_taken));
}

static void a_stop_ends_streams_that_wait(void **state)
{
    (void)state;
    int fd = listen_for_news();
    await(&all.asked, 1);
    int64_t begin_ms = clock_monotonic_ms();
    http_server_stop(kit.server, 5000);
    assert_true(clock_monotonic_ms() - begin_ms < 4000);
    assert_int_equal(1, atomic_load(&all.freed));
    (void)close(fd);
}

static void a_stop_cuts_a_reader_that_has_stopped(void **state)
{
    (void)state;
    int fd = kit_connect(&kit);
    kit_say(fd, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)kit_read_until(&kit, fd, "xxx");
    http_server_stop(kit.server, 50);
    assert_int_equal(1, atomic_load(&all.freed));
    assert_int_equal(0, atomic_load(&all.freed_taken));
    (void)close(fd);
}

static void a_file_arrives_whole_and_is_known_to(void **state)
{
    (void)state;
    int fd = kit_connect(&kit);
    kit_say(fd, "GET /file?sized=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    size_t got = read_all(fd);
    assert_true(got > BIG_BYTES && got < BIG_BYTES + 1000);
    await(&all.freed, 1);
    assert_int_equal(1, atomic_load(&all.freed_taken));
    fd = kit_connect(&kit);
    kit_say(fd, "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); /* chunked */
    assert_true(read_all(fd) > BIG_BYTES);
    await(&all.freed, 2);
    assert_int_equal(2, atomic_load(&all.freed_taken));
}

static void a_source_that_breaks_cuts_the_connection(void **state)
{
    (void)state;
    int fd = kit_connect(&kit);
    kit_say(fd, "GET /file?sized=1&breaks=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_true(read_all(fd) < BIG_BYTES);
    await(&all.freed, 1);
    assert_int_equal(0, atomic_load(&all.freed_taken));
}

static void head_asks_no_source(void **state)
{
    (void)state;
    const char *answer = kit_get(&kit, "HEAD /file?sized=1");
    assert_has(answer, "Content-Length: 5000000\r\n");
    assert_has_no(answer, "xxx");
    await(&all.freed, 1);
    assert_int_equal(0, atomic_load(&all.freed_taken));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stream_that_waits_is_woken, start, stop),
        cmocka_unit_test_setup_teardown(a_stream_that_nobody_wakes_is_asked_again, start, stop),
        cmocka_unit_test_setup_teardown(a_client_that_is_gone_is_noticed_when_there_is_news, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_stop_ends_streams_that_wait, start, stop),
        cmocka_unit_test_setup_teardown(a_stop_cuts_a_reader_that_has_stopped, start, stop),
        cmocka_unit_test_setup_teardown(a_file_arrives_whole_and_is_known_to, start, stop),
        cmocka_unit_test_setup_teardown(a_source_that_breaks_cuts_the_connection, start, stop),
        cmocka_unit_test_setup_teardown(head_asks_no_source, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

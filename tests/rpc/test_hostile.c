/* SPDX-License-Identifier: Apache-2.0
 *
 * Raw bytes on the server's port, as no gRPC client sends them. Whatever comes, the next
 * well-behaved client is served, and nothing is left. Random parts come from a printed seed; SEED=n
 * repeats it.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    END_STREAM = 1,
    END_HEADERS = 4,
    MAX_BYTES = 1 << 20,
};

static int connect_to(const struct probe *probe)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)rpc_server_port(probe->server)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void write_all(int fd, struct str bytes)
{
    (void)send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL); /* the server may have hung up: fine */
}

static void add_frame(struct buf *out, int type, int flags, int stream, struct str payload)
{
    const char head[9] = {(char)(payload.len >> 16),
                          (char)(payload.len >> 8),
                          (char)payload.len,
                          (char)type,
                          (char)flags,
                          0,
                          0,
                          0,
                          (char)stream};
    buf_add(out, head, sizeof head);
    buf_add_str(out, payload);
}

/* A header that is neither indexed nor Huffman-coded. */
static void add_header(struct buf *out, const char *name, const char *value)
{
    buf_add_char(out, 0);
    buf_add_char(out, (char)strlen(name));
    buf_add_text(out, name);
    buf_add_char(out, (char)strlen(value));
    buf_add_text(out, value);
}

/* Preface, settings and the headers of a call of Echo on stream 1. */
static void add_call(struct buf *out, const char *content_type)
{
    struct buf headers;
    buf_init(&headers, MAX_BYTES);
    add_header(&headers, ":method", "POST");
    add_header(&headers, ":scheme", "http");
    add_header(&headers, ":path", PROBE_ECHO);
    add_header(&headers, ":authority", "localhost");
    add_header(&headers, "content-type", content_type);
    add_header(&headers, "te", "trailers");
    buf_add_text(out, PREFACE);
    add_frame(out, FRAME_SETTINGS, 0, 0, (struct str){0});
    add_frame(out, FRAME_HEADERS, END_HEADERS, 1, buf_str(&headers));
    buf_done(&headers);
}

static void expect_service(struct probe *probe)
{
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    assert_int_equal(probe_client_call(client, PROBE_ECHO, &request.base, NULL, NULL),
                     GRPC_STATUS_OK);
    probe_client_free(client);
}

/* Sends the bytes, closes, and expects that the server serves on and keeps nothing. */
static void send_and_expect_service(struct probe *probe, struct str bytes)
{
    int fd = connect_to(probe);
    write_all(fd, bytes);
    (void)close(fd);
    expect_service(probe);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
}

static void other_protocols_do_no_harm(void **state)
{
    (void)state;
    const struct str cases[] = {
        STR(""),
        STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), /* TLS says hello */
        STR("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
        STR("\0\0\0\0\0\0\0\0\0\0\0\0"),
        STR(PREFACE),
        STR(PREFACE "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
    };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        send_and_expect_service(probe, cases[i]);
    probe_free(probe);
}

static void a_call_cut_at_any_byte_does_no_harm(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct buf bytes;
    buf_init(&bytes, MAX_BYTES);
    add_call(&bytes, "application/grpc");
    add_frame(&bytes, FRAME_DATA, END_STREAM, 1, STR("\0\0\0\0\x04\x0a\x02hi"));
    for (size_t len = 1; len <= bytes.len; len += 3) {
        int fd = connect_to(probe);
        write_all(fd, (struct str){bytes.ptr, len});
        (void)close(fd);
    }
    expect_service(probe);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    buf_done(&bytes);
    probe_free(probe);
}

static void bad_message_frames_do_no_harm(void **state)
{
    (void)state;
    const struct str payloads[] = {
        STR("\0\xff\xff\xff\xff"),     /* 4 GiB to come */
        STR("\x07\0\0\0\x01x"),        /* unknown flags */
        STR("\x01\0\0\0\x01x"),        /* compressed, by nothing */
        STR("\0\0\0"),                 /* half a length */
        STR("\0\0\0\0\x09\x0a\x02hi"), /* shorter than it says */
    };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        struct buf bytes;
        buf_init(&bytes, MAX_BYTES);
        add_call(&bytes, "application/grpc");
        add_frame(&bytes, FRAME_DATA, END_STREAM, 1, payloads[i]);
        send_and_expect_service(probe, buf_str(&bytes));
        buf_done(&bytes);
    }
    probe_free(probe);
}

static void another_content_type_does_no_harm(void **state)
{
    (void)state;
    static const char *const types[] = {"text/plain", "application/json", "application/grpc-web",
                                        "application/grpc+json", ""};
    struct probe *probe = probe_new((struct rpc_server_options){0});
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct buf bytes;
        buf_init(&bytes, MAX_BYTES);
        add_call(&bytes, types[i]);
        add_frame(&bytes, FRAME_DATA, END_STREAM, 1, STR("{\"text\": \"hi\"}"));
        send_and_expect_service(probe, buf_str(&bytes));
        buf_done(&bytes);
    }
    probe_free(probe);
}

static void half_open_connections_hold_up_neither_calls_nor_stop(void **state)
{
    (void)state;
    enum { CONNECTIONS = 50 };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    int fds[CONNECTIONS];
    struct buf bytes;
    buf_init(&bytes, MAX_BYTES);
    add_call(&bytes, "application/grpc");
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = connect_to(probe);
        if (i % 2)
            write_all(fds[i], buf_str(&bytes)); /* a call without body, and then nothing */
    }
    WAIT_UNTIL(rpc_server_calls(probe->server) == CONNECTIONS / 2);
    expect_service(probe);
    int64_t start_ms = clock_monotonic_ms();
    rpc_server_stop(probe->server, 60000);
    assert_true(clock_monotonic_ms() - start_ms < 10000);
    for (int i = 0; i < CONNECTIONS; i++)
        (void)close(fds[i]);
    buf_done(&bytes);
    probe_free(probe);
}

static uint64_t seed_of_this_run(void)
{
    int64_t seed = clock_monotonic_ms();
    const char *given = getenv("SEED"); // NOLINT(concurrency-mt-unsafe)
    if (given)
        assert_true(str_to_int64(str_of(given), &seed));
    print_message("SEED=%lld\n", (long long)seed);
    return (uint64_t)seed;
}

static uint64_t next_random(uint64_t *random)
{
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return *random >> 33;
}

static void damaged_calls_do_no_harm(void **state)
{
    (void)state;
    enum { ROUNDS = 400 };
    uint64_t random = seed_of_this_run();
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct buf bytes;
    buf_init(&bytes, MAX_BYTES);
    add_call(&bytes, "application/grpc");
    add_frame(&bytes, FRAME_DATA, END_STREAM, 1, STR("\0\0\0\0\x04\x0a\x02hi"));
    add_frame(&bytes, FRAME_PING, 0, 0, STR("12345678"));
    char *damaged = mem_alloc(bytes.len);
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(damaged, bytes.ptr, bytes.len);
        for (uint64_t hits = next_random(&random) % 4 + 1; hits > 0; hits--)
            damaged[next_random(&random) % bytes.len] = (char)next_random(&random);
        int fd = connect_to(probe);
        write_all(fd, (struct str){damaged, bytes.len});
        (void)close(fd);
    }
    expect_service(probe);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    free(damaged);
    buf_done(&bytes);
    probe_free(probe);
}

static void random_bodies_are_decoded_or_refused(void **state)
{
    (void)state;
    enum { ROUNDS = 2000, MAX_LEN = 64 };
    uint64_t random = seed_of_this_run();
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    /* tags of fields that cannot make the handler work or fail, some that nobody knows, lengths */
    static const char tags[] = {0x0a, 0x1a, 0x2a, 0x0d, 0x09, 0x08, 0x3a, 0x33, 0, 1, 2, 3, 4, 5};
    for (int i = 0; i < ROUNDS; i++) {
        char body[MAX_LEN];
        size_t len = next_random(&random) % MAX_LEN;
        for (size_t b = 0; b < len; b++) {
            body[b] = tags[next_random(&random) % sizeof tags];
        }
        const struct probe_call_options options = {.timeout_ms = 2000};
        struct probe_call call;
        probe_call_begin(client, &call, PROBE_ECHO, (struct str){body, len}, &options);
        grpc_status_code status = probe_call_end(&call);
        assert_true(status != GRPC_STATUS_UNKNOWN && status != GRPC_STATUS_UNAVAILABLE);
        probe_call_free(&call);
    }
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    probe_client_free(client);
    probe_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_protocols_do_no_harm),
        cmocka_unit_test(a_call_cut_at_any_byte_does_no_harm),
        cmocka_unit_test(bad_message_frames_do_no_harm),
        cmocka_unit_test(another_content_type_does_no_harm),
        cmocka_unit_test(half_open_connections_hold_up_neither_calls_nor_stop),
        cmocka_unit_test(damaged_calls_do_no_harm),
        cmocka_unit_test(random_bodies_are_decoded_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

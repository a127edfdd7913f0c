/* SPDX-License-Identifier: Apache-2.0
 *
 * Server streams against the real core: waiting and waking, readers that stop, many watchers.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "tests/rpc/support/probe.h"
#include "tests/rpc/support/probe_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static void free_message(void *message)
{
    protobuf_c_message_free_unpacked(message, NULL);
}

static uint64_t read_value(struct probe_call *call)
{
    Exportqtest__V1__WatchResponse *response =
        probe_call_read(call, &exportqtest__v1__watch_response__descriptor);
    assert_non_null(response);
    uint64_t value = response->value;
    free_message(response);
    return value;
}

static void begin_watch(struct probe_client *client, struct probe_call *call)
{
    probe_call_begin(client, call, PROBE_WATCH, (struct str){0}, NULL);
}

static void begin_count(struct probe_client *client, struct probe_call *call, uint64_t count,
                        uint32_t size)
{
    Exportqtest__V1__CountRequest request = EXPORTQTEST__V1__COUNT_REQUEST__INIT;
    request.count = count;
    request.size = size;
    struct str bytes = probe_pack(&request.base);
    probe_call_begin(client, call, PROBE_COUNT, bytes, NULL);
    free((char *)bytes.ptr);
}

static void end_cancelled(struct probe_call *call)
{
    probe_call_cancel(call);
    assert_int_equal(probe_call_end(call), GRPC_STATUS_CANCELLED);
    probe_call_free(call);
}

static void a_stream_gives_its_messages_in_order_and_ends(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call call;
    begin_count(client, &call, COUNT, 100);
    for (uint64_t i = 0; i < COUNT; i++) {
        Exportqtest__V1__CountResponse *response =
            probe_call_read(&call, &exportqtest__v1__count_response__descriptor);
        assert_non_null(response);
        assert_int_equal(response->number, i);
        assert_int_equal(response->filler.len, 100);
        free_message(response);
    }
    assert_int_equal(probe_call_end(&call), GRPC_STATUS_OK);
    probe_call_free(&call);
    probe_client_free(client);
    probe_free(probe);
}

static void a_waiting_stream_is_woken_from_another_thread(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call call;
    begin_watch(client, &call);
    probe_client_wait(client, &call.sent);
    WAIT_UNTIL(probe_watchers(probe) == 1);
    probe_publish(probe, 1);
    assert_int_equal(read_value(&call), 1);
    probe_publish(probe, 2);
    assert_int_equal(read_value(&call), 2);
    end_cancelled(&call);
    WAIT_UNTIL(probe_watchers(probe) == 0);
    probe_client_free(client);
    probe_free(probe);
}

static void wakes_coalesce_and_the_last_value_arrives(void **state)
{
    (void)state;
    enum { LAST = 5000 };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call call;
    begin_watch(client, &call);
    probe_client_wait(client, &call.sent);
    WAIT_UNTIL(probe_watchers(probe) == 1);
    for (uint64_t i = 1; i <= LAST; i++)
        probe_publish(probe, i);
    uint64_t value = 0;
    while (value < LAST) {
        uint64_t next = read_value(&call);
        assert_true(next > value);
        value = next;
    }
    end_cancelled(&call);
    probe_client_free(client);
    probe_free(probe);
}

static void a_watcher_may_be_cancelled_while_it_is_woken(void **state)
{
    (void)state;
    enum { ROUNDS = 300 };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        struct probe_call call;
        begin_watch(client, &call);
        probe_client_wait(client, &call.sent);
        WAIT_UNTIL(probe_watchers(probe) == 1);
        if (i % 2)
            probe_publish(probe, i);
        probe_call_cancel(&call);
        probe_publish(probe, i + ROUNDS);
        (void)probe_call_end(&call);
        probe_call_free(&call);
        WAIT_UNTIL(probe_watchers(probe) == 0);
    }
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    probe_client_free(client);
    probe_free(probe);
}

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void a_thousand_watchers_see_a_change_within_200_ms(void **state)
{
    (void)state;
    enum { WATCHERS = 1000, LIMIT_US = 200000 };
    static struct probe_call calls[WATCHERS];
    static int64_t delays_us[WATCHERS];
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    for (int i = 0; i < WATCHERS; i++)
        begin_watch(client, &calls[i]);
    for (int i = 0; i < WATCHERS; i++) {
        probe_client_wait(client, &calls[i].sent);
        probe_call_ask(&calls[i]);
    }
    WAIT_UNTIL(probe_watchers(probe) == WATCHERS);
    int64_t start_us = probe_now_us();
    probe_publish(probe, 1);
    for (int i = 0; i < WATCHERS; i++)
        probe_client_wait(client, &calls[i].read);
    for (int i = 0; i < WATCHERS; i++)
        delays_us[i] = calls[i].read.done_us - start_us;
    qsort(delays_us, WATCHERS, sizeof *delays_us, compare_times);
    print_message("%d watchers woken: median %lld us, last %lld us\n", WATCHERS,
                  (long long)delays_us[WATCHERS / 2], (long long)delays_us[WATCHERS - 1]);
    for (int i = 0; i < WATCHERS; i++)
        assert_int_equal(read_value(&calls[i]), 1);
    assert_true(delays_us[WATCHERS - 1] < LIMIT_US);
    for (int i = 0; i < WATCHERS; i++)
        probe_call_cancel(&calls[i]);
    for (int i = 0; i < WATCHERS; i++) {
        assert_int_equal(probe_call_end(&calls[i]), GRPC_STATUS_CANCELLED);
        probe_call_free(&calls[i]);
    }
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    probe_client_free(client);
    probe_free(probe);
}

/* Resident memory of this process, in KiB. */
static int64_t resident_kib(void)
{
    char line[256];
    int64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    (void)fclose(file);
    struct str rest = str_of(line);
    struct str field;
    assert_true(str_next(&rest, ' ', &field) && str_next(&rest, ' ', &field));
    assert_true(str_to_int64(field, &pages));
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The stall is reached when the count of messages stands still. */
static unsigned wait_for_stall(struct probe *probe)
{
    enum { STILL_MS = 300 };
    unsigned seen = 0;
    int64_t since_ms = clock_monotonic_ms();
    while (clock_monotonic_ms() - since_ms < STILL_MS) {
        unsigned now = atomic_load(&probe->messages);
        if (now != seen)
            since_ms = clock_monotonic_ms();
        seen = now;
        probe_breathe();
    }
    return seen;
}

static void a_reader_that_stops_stalls_only_itself_in_bounded_memory(void **state)
{
    (void)state;
    enum { SIZE = 65536, MAX_MESSAGES = 400, MAX_GROWTH_KIB = 64 * 1024 };
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *stopped = probe_client_new(rpc_server_port(probe->server));
    struct probe_client *other = probe_client_new(rpc_server_port(probe->server));
    int64_t before_kib = resident_kib();
    struct probe_call call;
    begin_count(stopped, &call, 0, SIZE);
    probe_client_wait(stopped, &call.sent);
    unsigned messages = wait_for_stall(probe);
    int64_t grown_kib = resident_kib() - before_kib;
    print_message("a reader that stops: stalled after %u messages of 64 KiB, RSS +%lld KiB\n",
                  messages, (long long)grown_kib);
    assert_in_range(messages, 1, MAX_MESSAGES);
    assert_true(grown_kib < MAX_GROWTH_KIB);
    Exportqtest__V1__EchoRequest request = EXPORTQTEST__V1__ECHO_REQUEST__INIT;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(probe_client_call(other, PROBE_ECHO, &request.base, NULL, NULL),
                         GRPC_STATUS_OK);
    }
    for (unsigned i = 0; i < messages + 100; i++) /* it goes on when it reads again */
        assert_true(probe_call_skip(&call));
    end_cancelled(&call);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    probe_client_free(other);
    probe_client_free(stopped);
    probe_free(probe);
}

static void a_stalled_stream_ends_when_its_client_goes_away(void **state)
{
    (void)state;
    struct probe *probe = probe_new((struct rpc_server_options){0});
    struct probe_client *client = probe_client_new(rpc_server_port(probe->server));
    struct probe_call call;
    begin_count(client, &call, 0, 65536);
    probe_client_wait(client, &call.sent);
    (void)wait_for_stall(probe);
    end_cancelled(&call);
    WAIT_UNTIL(rpc_server_calls(probe->server) == 0);
    probe_client_free(client);
    probe_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_gives_its_messages_in_order_and_ends),
        cmocka_unit_test(a_waiting_stream_is_woken_from_another_thread),
        cmocka_unit_test(wakes_coalesce_and_the_last_value_arrives),
        cmocka_unit_test(a_watcher_may_be_cancelled_while_it_is_woken),
        cmocka_unit_test(a_thousand_watchers_see_a_change_within_200_ms),
        cmocka_unit_test(a_reader_that_stops_stalls_only_itself_in_bounded_memory),
        cmocka_unit_test(a_stalled_stream_ends_when_its_client_goes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

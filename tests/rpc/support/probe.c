/* SPDX-License-Identifier: Apache-2.0
 *
 * See probe.h.
 */
#include "tests/rpc/support/probe.h"

#include "base/clock.h"
#include "base/mem.h"
#include "probe_descriptors.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void probe_breathe(void)
{
    const struct timespec pause = {.tv_nsec = 200000};
    (void)nanosleep(&pause, NULL);
}

int64_t probe_patience_ms(void)
{
    enum { PATIENCE_MS = 10000 };
    return clock_monotonic_ms() + PATIENCE_MS;
}

void probe_wait(int64_t until_ms, const char *condition)
{
    if (clock_monotonic_ms() > until_ms)
        fail_msg("waited in vain until %s", condition);
    probe_breathe();
}

static struct probe *probe_of(Exportqtest__V1__ProbeService_Service *service)
{
    return CONTAINER_OF(service, struct probe, service);
}

/* --- Echo ------------------------------------------------------------------------------------ */

static bool work(struct probe *probe, struct rpc_call *call, uint32_t work_ms)
{
    int64_t until_ms = clock_monotonic_ms() + work_ms;
    while (clock_monotonic_ms() < until_ms) {
        if (rpc_call_is_cancelled(call)) {
            atomic_fetch_add(&probe->echoes_given_up, 1);
            return false;
        }
        probe_breathe();
    }
    return true;
}

static void probe_echo(Exportqtest__V1__ProbeService_Service *self,
                       const Exportqtest__V1__EchoRequest *request,
                       Exportqtest__V1__EchoResponse_Closure reply, void *call)
{
    struct probe *probe = probe_of(self);
    Exportqtest__V1__EchoResponse response = EXPORTQTEST__V1__ECHO_RESPONSE__INIT;
    struct err err;
    atomic_fetch_add(&probe->echoes, 1);
    if (probe->look)
        probe->look(probe, call);
    if (!work(probe, call, request->work_ms)) {
        err_set(&err, ERR_CANCELLED, "given up");
        rpc_fail(call, &err);
        return;
    }
    if (request->fail_code == ERR_INVALID) {
        err_set_field(&err, "filters[1].values", "é is no date; write 2025-08-01");
        rpc_fail(call, &err);
        return;
    }
    if (request->fail_code != ERR_NONE) {
        err_set(&err, (enum err_code)request->fail_code, "%s", request->text);
        err_retry_after(&err, 1500);
        rpc_fail(call, &err);
        return;
    }
    response.text = request->text;
    response.token =
        arena_copy_text(rpc_turn_arena(call), rpc_call_metadata(call, "authorization"));
    response.peer = arena_copy_text(rpc_call_arena(call), rpc_call_peer(call));
    response.time_left_ms = rpc_call_deadline_ms(call) == INT64_MAX
                                ? INT64_MAX
                                : rpc_call_deadline_ms(call) - clock_monotonic_ms();
    reply(&response, call);
}

/* --- Count ----------------------------------------------------------------------------------- */

struct counter {
    struct probe *probe;
    uint64_t number;
};

static void counter_free(void *data)
{
    struct counter *counter = data;
    atomic_fetch_sub(&counter->probe->states, 1);
    free(counter);
}

static void probe_count(Exportqtest__V1__ProbeService_Service *self,
                        const Exportqtest__V1__CountRequest *request,
                        Exportqtest__V1__CountResponse_Closure reply, void *call)
{
    struct probe *probe = probe_of(self);
    struct counter *counter = rpc_call_state(call);
    if (!counter) {
        counter = mem_new(struct counter);
        counter->probe = probe;
        atomic_fetch_add(&probe->states, 1);
        rpc_call_set_state(call, counter, counter_free);
    }
    if (request->count > 0 && counter->number == request->count) {
        rpc_end(call);
        return;
    }
    Exportqtest__V1__CountResponse response = EXPORTQTEST__V1__COUNT_RESPONSE__INIT;
    response.number = counter->number++;
    response.filler.len = request->size;
    response.filler.data = arena_alloc(rpc_turn_arena(call), request->size);
    atomic_fetch_add(&probe->messages, 1);
    reply(&response, call);
}

/* --- Watch ----------------------------------------------------------------------------------- */

struct watcher {
    struct list node;
    struct probe *probe;
    struct rpc_call *call;
    uint64_t seen;
};

static void watcher_free(void *data)
{
    struct watcher *watcher = data;
    pthread_mutex_lock(&watcher->probe->mutex);
    list_remove(&watcher->node);
    pthread_mutex_unlock(&watcher->probe->mutex);
    atomic_fetch_sub(&watcher->probe->states, 1);
    rpc_call_unref(watcher->call);
    free(watcher);
}

static struct watcher *watcher_new(struct probe *probe, struct rpc_call *call)
{
    struct watcher *watcher = mem_new(struct watcher);
    *watcher = (struct watcher){.probe = probe, .call = rpc_call_ref(call)};
    list_init(&watcher->node);
    atomic_fetch_add(&probe->states, 1);
    rpc_call_set_state(call, watcher, watcher_free);
    pthread_mutex_lock(&probe->mutex);
    list_push(&probe->watchers, &watcher->node);
    pthread_mutex_unlock(&probe->mutex);
    return watcher;
}

static void probe_watch(Exportqtest__V1__ProbeService_Service *self,
                        const Exportqtest__V1__WatchRequest *request,
                        Exportqtest__V1__WatchResponse_Closure reply, void *call)
{
    (void)request;
    struct probe *probe = probe_of(self);
    struct watcher *watcher = rpc_call_state(call);
    if (!watcher)
        watcher = watcher_new(probe, call);
    pthread_mutex_lock(&probe->mutex);
    uint64_t value = probe->value;
    pthread_mutex_unlock(&probe->mutex);
    if (value == watcher->seen) {
        if (atomic_load(&probe->is_slow))
            probe_breathe();
        rpc_wait(call);
        return;
    }
    watcher->seen = value;
    atomic_store(&probe->given, value);
    Exportqtest__V1__WatchResponse response = EXPORTQTEST__V1__WATCH_RESPONSE__INIT;
    response.value = value;
    reply(&response, call);
}

void probe_publish(struct probe *probe, uint64_t value)
{
    pthread_mutex_lock(&probe->mutex);
    probe->value = value;
    for (struct list *node = probe->watchers.next; node != &probe->watchers; node = node->next)
        rpc_wake(CONTAINER_OF(node, struct watcher, node)->call);
    pthread_mutex_unlock(&probe->mutex);
}

unsigned probe_watchers(struct probe *probe)
{
    unsigned count = 0;
    pthread_mutex_lock(&probe->mutex);
    for (struct list *node = probe->watchers.next; node != &probe->watchers; node = node->next)
        count++;
    pthread_mutex_unlock(&probe->mutex);
    return count;
}

struct rpc_call *probe_first_watcher(struct probe *probe)
{
    return CONTAINER_OF(probe->watchers.next, struct watcher, node)->call;
}

/* --- life ------------------------------------------------------------------------------------ */

struct probe *probe_new(struct rpc_server_options options)
{
    struct probe *probe = mem_new(struct probe);
    struct err err;
    probe->service =
        (Exportqtest__V1__ProbeService_Service)EXPORTQTEST__V1__PROBE_SERVICE__INIT(probe_);
    pthread_mutex_init(&probe->mutex, NULL);
    list_init(&probe->watchers);
    if (!options.listen)
        options.listen = "127.0.0.1:0";
    if (!rpc_server_new(&options, &probe->server, &err) ||
        !rpc_schema_new(probe_descriptors, probe_descriptors_size, &probe->schema, &err) ||
        !rpc_health_new(probe->server, &probe->health, &err) ||
        !rpc_reflection_new(probe->server, &probe->reflection, &err) ||
        !rpc_server_add(probe->server, &probe->service.base, probe->schema, &err) ||
        !rpc_server_start(probe->server, &err))
        fail_msg("%s", err.text);
    rpc_health_set(probe->health, "", true);
    return probe;
}

void probe_free(struct probe *probe)
{
    rpc_server_stop(probe->server, 0);
    assert_int_equal(rpc_server_calls(probe->server), 0);
    rpc_server_free(probe->server);
    assert_int_equal(atomic_load(&probe->states), 0);
    rpc_health_free(probe->health);
    rpc_reflection_free(probe->reflection);
    rpc_schema_free(probe->schema);
    pthread_mutex_destroy(&probe->mutex);
    free(probe);
}

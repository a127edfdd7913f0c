/* SPDX-License-Identifier: Apache-2.0
 *
 * See health.h. A watcher is the state of a Watch call: it hangs in the list of watchers, holds a
 * reference to its call, and remembers what it has sent last. A change wakes them all; who finds
 * nothing new for its service waits again.
 */
#include "rpc/health.h"

#include "base/list.h"
#include "base/mem.h"
#include "grpc/health/v1/health.pb-c.h"
#include "rpc/server.h"
#include "rpc_descriptors.h"

#include <assert.h>
#include <pthread.h>

#define STATUS(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus serving_status;

enum { MAX_NAME_BYTES = 256, NOTHING_SENT = -1 };

struct rpc_health {
    Grpc__Health__V1__Health_Service service;
    struct rpc_schema *schema;
    pthread_mutex_t mutex; /* guards all below */
    struct {
        char *name;
        bool is_serving;
    } services[RPC_HEALTH_MAX_SERVICES];
    size_t service_count;
    bool is_shut_down;
    struct list watchers;
};

struct watcher {
    struct list node; /* under the health's mutex */
    struct rpc_health *health;
    struct rpc_call *call;
    int sent; /* the last status sent, or NOTHING_SENT */
};

/* Under the mutex. */
static serving_status look_up(const struct rpc_health *health, const char *service)
{
    for (size_t i = 0; i < health->service_count; i++) {
        if (strcmp(health->services[i].name, service) == 0)
            return health->services[i].is_serving ? STATUS(SERVING) : STATUS(NOT_SERVING);
    }
    return STATUS(SERVICE_UNKNOWN);
}

static serving_status status_of(struct rpc_health *health, const char *service)
{
    pthread_mutex_lock(&health->mutex);
    serving_status status = look_up(health, service);
    pthread_mutex_unlock(&health->mutex);
    return status;
}

/* --- handlers -------------------------------------------------------------------------------- */

static bool check_name(const Grpc__Health__V1__HealthCheckRequest *request, struct err *err)
{
    if (strlen(request->service) > MAX_NAME_BYTES) {
        return err_set_field(err, "service", "a service's name has at most %d bytes",
                             MAX_NAME_BYTES);
    }
    return true;
}

static void health_check(Grpc__Health__V1__Health_Service *self,
                         const Grpc__Health__V1__HealthCheckRequest *request,
                         Grpc__Health__V1__HealthCheckResponse_Closure reply, void *call)
{
    struct rpc_health *health = CONTAINER_OF(self, struct rpc_health, service);
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    struct err err;
    if (!check_name(request, &err)) {
        rpc_fail(call, &err);
        return;
    }
    response.status = status_of(health, request->service);
    if (response.status == STATUS(SERVICE_UNKNOWN)) {
        err_set(&err, ERR_NOT_FOUND, "no service %s here", request->service);
        rpc_fail(call, &err);
        return;
    }
    reply(&response, call);
}

static void watcher_free(void *data)
{
    struct watcher *watcher = data;
    pthread_mutex_lock(&watcher->health->mutex);
    list_remove(&watcher->node);
    pthread_mutex_unlock(&watcher->health->mutex);
    rpc_call_unref(watcher->call);
    free(watcher);
}

static struct watcher *watcher_new(struct rpc_health *health, struct rpc_call *call)
{
    struct watcher *watcher = mem_new(struct watcher);
    *watcher = (struct watcher){.health = health, .call = rpc_call_ref(call), .sent = NOTHING_SENT};
    rpc_call_set_state(call, watcher, watcher_free);
    pthread_mutex_lock(&health->mutex);
    list_init(&watcher->node);
    list_push(&health->watchers, &watcher->node);
    pthread_mutex_unlock(&health->mutex);
    return watcher;
}

static void health_watch(Grpc__Health__V1__Health_Service *self,
                         const Grpc__Health__V1__HealthCheckRequest *request,
                         Grpc__Health__V1__HealthCheckResponse_Closure reply, void *call)
{
    struct rpc_health *health = CONTAINER_OF(self, struct rpc_health, service);
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    struct err err;
    if (!check_name(request, &err)) {
        rpc_fail(call, &err);
        return;
    }
    struct watcher *watcher = rpc_call_state(call);
    if (!watcher)
        watcher = watcher_new(health, call);
    response.status = status_of(health, request->service);
    if ((int)response.status == watcher->sent) {
        rpc_wait(call);
        return;
    }
    watcher->sent = (int)response.status;
    reply(&response, call);
}

/* --- the header's functions ------------------------------------------------------------------ */

/* Under the mutex; rpc_wake never runs a handler. */
static void wake_all(struct rpc_health *health)
{
    for (struct list *node = health->watchers.next; node != &health->watchers; node = node->next)
        rpc_wake(CONTAINER_OF(node, struct watcher, node)->call);
}

/* Under the mutex. */
static void set(struct rpc_health *health, const char *service, bool is_serving)
{
    size_t i = 0;
    while (i < health->service_count && strcmp(health->services[i].name, service) != 0)
        i++;
    assert(i < RPC_HEALTH_MAX_SERVICES);
    if (i == health->service_count) {
        health->services[i].name = mem_dup(service);
        health->service_count++;
    }
    health->services[i].is_serving = is_serving;
}

void rpc_health_set(struct rpc_health *health, const char *service, bool is_serving)
{
    pthread_mutex_lock(&health->mutex);
    if (!health->is_shut_down) {
        set(health, service, is_serving);
        wake_all(health);
    }
    pthread_mutex_unlock(&health->mutex);
}

void rpc_health_shutdown(struct rpc_health *health)
{
    pthread_mutex_lock(&health->mutex);
    health->is_shut_down = true;
    for (size_t i = 0; i < health->service_count; i++)
        health->services[i].is_serving = false;
    wake_all(health);
    pthread_mutex_unlock(&health->mutex);
}

static void shut_down(void *health)
{
    rpc_health_shutdown(health);
}

bool rpc_health_new(struct rpc_server *server, struct rpc_health **out, struct err *err)
{
    struct rpc_health *health = mem_new(struct rpc_health);
    health->service = (Grpc__Health__V1__Health_Service)GRPC__HEALTH__V1__HEALTH__INIT(health_);
    pthread_mutex_init(&health->mutex, NULL);
    list_init(&health->watchers);
    set(health, "", false);
    if (!rpc_schema_new(rpc_descriptors, rpc_descriptors_size, &health->schema, err) ||
        !rpc_server_add_quick(server, &health->service.base, health->schema, err)) {
        rpc_health_free(health);
        return false;
    }
    server_on_stop(server, shut_down, health);
    *out = health;
    return true;
}

void rpc_health_free(struct rpc_health *health)
{
    if (!health)
        return;
    assert(list_is_empty(&health->watchers)); /* the server is gone */
    for (size_t i = 0; i < health->service_count; i++)
        free(health->services[i].name);
    rpc_schema_free(health->schema);
    pthread_mutex_destroy(&health->mutex);
    free(health);
}

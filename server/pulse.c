/* SPDX-License-Identifier: Apache-2.0
 *
 * See pulse.h. A change is logged, not each second that it lasts.
 */
#include "server/pulse.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

enum { INTERVAL_MS = 1000 };

struct pulse {
    struct exports *exports;
    struct rpc_health *health;
    const char *service_name;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool is_ended;   /* under the mutex */
    bool is_serving; /* the thread's own: what was told last */
};

static void tell(struct pulse *pulse, bool is_serving)
{
    if (is_serving == pulse->is_serving)
        return;
    pulse->is_serving = is_serving;
    rpc_health_set(pulse->health, "", is_serving);
    rpc_health_set(pulse->health, pulse->service_name, is_serving);
    if (pulse->exports->is_enabled)
        log_event(is_serving ? LOG_INFO : LOG_WARNING, "server.health",
                  "serving=%d store_reachable=%d file_store_ok=%d", is_serving,
                  atomic_load(&pulse->exports->is_store_ok),
                  atomic_load(&pulse->exports->is_file_store_ok));
}

static void feel(struct pulse *pulse)
{
    enum exports_status status = exports_feel(pulse->exports);
    tell(pulse, status == EXPORTS_OK || status == EXPORTS_DISABLED);
}

static void *run(void *arg)
{
    struct pulse *pulse = arg;
    pthread_mutex_lock(&pulse->mutex);
    while (!pulse->is_ended) {
        int64_t next_ms = clock_monotonic_ms() + INTERVAL_MS;
        while (!pulse->is_ended && thread_wait_until(&pulse->ended, &pulse->mutex, next_ms)) {
        }
        if (pulse->is_ended)
            break;
        pthread_mutex_unlock(&pulse->mutex);
        feel(pulse);
        pthread_mutex_lock(&pulse->mutex);
    }
    pthread_mutex_unlock(&pulse->mutex);
    return NULL;
}

struct pulse *pulse_start(struct exports *exports, struct rpc_health *health,
                          const char *service_name)
{
    struct pulse *pulse = mem_new(struct pulse);
    *pulse = (struct pulse){.exports = exports, .health = health, .service_name = service_name};
    pthread_mutex_init(&pulse->mutex, NULL);
    thread_condition_init(&pulse->ended);
    feel(pulse);
    thread_start(&pulse->thread, run, pulse);
    return pulse;
}

void pulse_stop(struct pulse *pulse)
{
    if (!pulse)
        return;
    pthread_mutex_lock(&pulse->mutex);
    pulse->is_ended = true;
    pthread_cond_signal(&pulse->ended);
    pthread_mutex_unlock(&pulse->mutex);
    pthread_join(pulse->thread, NULL);
    pthread_cond_destroy(&pulse->ended);
    pthread_mutex_destroy(&pulse->mutex);
    free(pulse);
}

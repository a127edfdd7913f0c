/* SPDX-License-Identifier: Apache-2.0
 *
 * Cancelling what runs in the database. libpq's PQcancel opens a connection of its own and waits
 * for the server to close it, without any limit: a server that is stopped would hold us for ever.
 * So it runs in a thread that is left behind if it takes too long. There is at most one per
 * connection, and a server that does not answer accepts no new ones.
 */
#include "pg/connection.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

enum { WAIT_MS = 1000, ERROR_SIZE = 256 };

struct cancelling {
    PGcancel *request;
    pthread_mutex_t mutex; /* guards the two below */
    pthread_cond_t done;
    bool is_done;
    bool is_abandoned; /* whoever comes last frees it */
};

static void cancelling_free(struct cancelling *cancelling)
{
    PQfreeCancel(cancelling->request);
    pthread_cond_destroy(&cancelling->done);
    pthread_mutex_destroy(&cancelling->mutex);
    free(cancelling);
}

static void *send_cancel(void *context)
{
    struct cancelling *cancelling = context;
    char ignored[ERROR_SIZE]; /* a query that cannot be cancelled ends with its connection */
    (void)PQcancel(cancelling->request, ignored, sizeof ignored);
    pthread_mutex_lock(&cancelling->mutex);
    cancelling->is_done = true;
    bool is_last = cancelling->is_abandoned;
    pthread_cond_signal(&cancelling->done);
    pthread_mutex_unlock(&cancelling->mutex);
    if (is_last)
        cancelling_free(cancelling);
    return NULL;
}

static bool start_thread(struct cancelling *cancelling)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, send_cancel, cancelling) != 0)
        return false;
    (void)pthread_detach(thread);
    return true;
}

void pg_cancel(struct pg *pg)
{
    PGcancel *request = PQgetCancel(pg->connection);
    if (!request)
        return;
    struct cancelling *cancelling = mem_new(struct cancelling);
    cancelling->request = request;
    pthread_mutex_init(&cancelling->mutex, NULL);
    thread_condition_init(&cancelling->done);
    if (!start_thread(cancelling)) {
        cancelling_free(cancelling);
        return;
    }
    int64_t until_ms = clock_monotonic_ms() + WAIT_MS;
    pthread_mutex_lock(&cancelling->mutex);
    while (!cancelling->is_done &&
           thread_wait_until(&cancelling->done, &cancelling->mutex, until_ms))
        continue;
    bool is_last = cancelling->is_done;
    cancelling->is_abandoned = !is_last;
    pthread_mutex_unlock(&cancelling->mutex);
    if (is_last)
        cancelling_free(cancelling);
}

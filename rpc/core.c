/* SPDX-License-Identifier: Apache-2.0
 *
 * See core.h. gRPC has one log for the whole process and hands its function no data: hence the one
 * listener here, under a lock, so that it can go while gRPC still speaks.
 */
#include "rpc/core.h"

#include "rpc/rpc.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <pthread.h>

enum { MESSAGE_SIZE = 512, PLACE_SIZE = 128 };

static struct {
    pthread_mutex_t mutex;
    rpc_log_listener *told; /* NULL: nobody listens */
    void *data;
} listener = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* "Error parsing metadata: error=… key=… value=…" shows what a stranger sent. */
static struct str without_value(struct str message)
{
    struct str value = STR(" value=");
    for (size_t i = 0; i + value.len <= message.len; i++)
        if (memcmp(message.ptr + i, value.ptr, value.len) == 0)
            return (struct str){message.ptr, i};
    return message;
}

static bool tell(bool is_error, const char *place, const char *message)
{
    pthread_mutex_lock(&listener.mutex);
    bool is_heard = listener.told != NULL;
    if (is_heard)
        listener.told(listener.data, is_error, place, message);
    pthread_mutex_unlock(&listener.mutex);
    return is_heard;
}

static void on_message(gpr_log_func_args *args)
{
    char place[PLACE_SIZE];
    char message[MESSAGE_SIZE];
    struct str text = without_value(str_of(args->message));
    const char *slash = strrchr(args->file, '/');
    (void)snprintf(place, sizeof place, "%s:%d", slash ? slash + 1 : args->file, args->line);
    (void)snprintf(message, sizeof message, "%.*s", STR_ARG(text));
    if (!tell(args->severity == GPR_LOG_SEVERITY_ERROR, place, message) &&
        str_starts_with(text, STR("assertion failed")))
        (void)fprintf(stderr, "gRPC core: %s: %s\n", place, message);
}

void rpc_listen_to_log(rpc_log_listener *told, void *data)
{
    pthread_mutex_lock(&listener.mutex);
    listener.told = told;
    listener.data = data;
    pthread_mutex_unlock(&listener.mutex);
    if (told)
        gpr_set_log_function(on_message);
}

void core_start(void)
{
    if (!getenv("GRPC_VERBOSITY")) // NOLINT(concurrency-mt-unsafe): nobody changes it
        gpr_set_log_function(on_message);
    grpc_init();
}

void core_stop(void)
{
    grpc_shutdown();
}

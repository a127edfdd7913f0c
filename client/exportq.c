/* SPDX-License-Identifier: Apache-2.0
 *
 * See exportq.h.
 */
#include "client/exportq.h"

#include "base/host.h"
#include "base/mem.h"
#include "client/handle.h"

static const ProtobufCServiceDescriptor *const service =
    &exportqueue__v1__export_service__descriptor;

/* Whoever listens on the way could use the token, for as long as it is good. */
static bool check_secrecy(const struct exportq_options *options, struct err *err)
{
    struct str server = str_of(options->server ? options->server : "");
    if (!options->bearer_token || options->is_tls || !options->server ||
        str_starts_with(server, STR("unix:")) || host_is_loopback(host_of(server)))
        return true;
    return err_set(err, ERR_INVALID,
                   "the token would go to %s in plain text, for all on the way to read; use TLS",
                   options->server);
}

bool exportq_open(const struct exportq_options *options, struct exportq **out, struct err *err)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct rpc_metadata metadata[2];
    size_t count = 0;
    if (options->user)
        metadata[count++] = (struct rpc_metadata){"x-exportq-user", options->user};
    if (options->bearer_token) {
        struct str value = arena_printf(&arena, "Bearer %s", options->bearer_token);
        metadata[count++] = (struct rpc_metadata){"authorization", value.ptr};
    }
    struct rpc_client_options client = {
        .target = options->server ? options->server : "127.0.0.1:50051",
        .metadata = metadata,
        .metadata_count = count,
        .is_tls = options->is_tls,
        .ca_pem = options->ca_pem,
        .certificate_pem = options->certificate_pem,
        .key_pem = options->key_pem,
    };
    if (!check_secrecy(options, err))
        return false;
    struct exportq *exportq = mem_new(struct exportq);
    if (!rpc_client_new(&client, &exportq->client, err)) {
        free(exportq);
        return false;
    }
    *out = exportq;
    return true;
}

void exportq_close(struct exportq *exportq)
{
    if (!exportq)
        return;
    rpc_client_free(exportq->client);
    free(exportq);
}

bool exportq_was_reached(const struct exportq *exportq)
{
    return rpc_client_was_reached(exportq->client);
}

enum rpc_obstacle exportq_obstacle(const struct exportq *exportq)
{
    return rpc_client_obstacle(exportq->client);
}

/* ---- Unary ---- */

static bool call(struct exportq *exportq, const char *method, const ProtobufCMessage *request,
                 struct arena *arena, void *out, struct err *err)
{
    ProtobufCMessage *response = NULL;
    if (!rpc_client_call(exportq->client, service, method, request, arena, &response, err))
        return false;
    *(void **)out = response; /* of the method's output type: rpc/client.h reads no other */
    return true;
}

/* protobuf-c's texts are not const, and are not written to either. */
static char *text(const char *value)
{
    return (char *)value;
}

bool exportq_create(struct exportq *exportq, const Exportqueue__V1__CreateJobRequest *request,
                    struct arena *arena, Exportqueue__V1__CreateJobResponse **out, struct err *err)
{
    return call(exportq, "CreateJob", &request->base, arena, out, err);
}

bool exportq_get(struct exportq *exportq, const char *id, struct arena *arena,
                 Exportqueue__V1__GetJobResponse **out, struct err *err)
{
    Exportqueue__V1__GetJobRequest request = EXPORTQUEUE__V1__GET_JOB_REQUEST__INIT;
    request.id = text(id);
    return call(exportq, "GetJob", &request.base, arena, out, err);
}

bool exportq_list(struct exportq *exportq, const Exportqueue__V1__ListJobsRequest *request,
                  struct arena *arena, Exportqueue__V1__ListJobsResponse **out, struct err *err)
{
    return call(exportq, "ListJobs", &request->base, arena, out, err);
}

bool exportq_cancel(struct exportq *exportq, const char *id, struct arena *arena,
                    Exportqueue__V1__CancelJobResponse **out, struct err *err)
{
    Exportqueue__V1__CancelJobRequest request = EXPORTQUEUE__V1__CANCEL_JOB_REQUEST__INIT;
    request.id = text(id);
    return call(exportq, "CancelJob", &request.base, arena, out, err);
}

bool exportq_retry(struct exportq *exportq, const char *id, struct arena *arena,
                   Exportqueue__V1__RetryJobResponse **out, struct err *err)
{
    Exportqueue__V1__RetryJobRequest request = EXPORTQUEUE__V1__RETRY_JOB_REQUEST__INIT;
    request.id = text(id);
    return call(exportq, "RetryJob", &request.base, arena, out, err);
}

bool exportq_delete(struct exportq *exportq, const char *id, struct arena *arena,
                    Exportqueue__V1__DeleteJobResponse **out, struct err *err)
{
    Exportqueue__V1__DeleteJobRequest request = EXPORTQUEUE__V1__DELETE_JOB_REQUEST__INIT;
    request.id = text(id);
    return call(exportq, "DeleteJob", &request.base, arena, out, err);
}

bool exportq_token(struct exportq *exportq, const char *id, struct arena *arena,
                   Exportqueue__V1__CreateDownloadTokenResponse **out, struct err *err)
{
    Exportqueue__V1__CreateDownloadTokenRequest request =
        EXPORTQUEUE__V1__CREATE_DOWNLOAD_TOKEN_REQUEST__INIT;
    request.id = text(id);
    return call(exportq, "CreateDownloadToken", &request.base, arena, out, err);
}

bool exportq_types(struct exportq *exportq, struct arena *arena,
                   Exportqueue__V1__ListExportTypesResponse **out, struct err *err)
{
    Exportqueue__V1__ListExportTypesRequest request =
        EXPORTQUEUE__V1__LIST_EXPORT_TYPES_REQUEST__INIT;
    return call(exportq, "ListExportTypes", &request.base, arena, out, err);
}

bool exportq_audit(struct exportq *exportq, const Exportqueue__V1__ListAuditEntriesRequest *request,
                   struct arena *arena, Exportqueue__V1__ListAuditEntriesResponse **out,
                   struct err *err)
{
    return call(exportq, "ListAuditEntries", &request->base, arena, out, err);
}

bool exportq_deliveries(struct exportq *exportq,
                        const Exportqueue__V1__ListWebhookDeliveriesRequest *request,
                        struct arena *arena, Exportqueue__V1__ListWebhookDeliveriesResponse **out,
                        struct err *err)
{
    return call(exportq, "ListWebhookDeliveries", &request->base, arena, out, err);
}

bool exportq_resend(struct exportq *exportq, const char *id, struct arena *arena,
                    Exportqueue__V1__ResendWebhookResponse **out, struct err *err)
{
    Exportqueue__V1__ResendWebhookRequest request = EXPORTQUEUE__V1__RESEND_WEBHOOK_REQUEST__INIT;
    request.id = text(id);
    return call(exportq, "ResendWebhook", &request.base, arena, out, err);
}

bool exportq_health(struct exportq *exportq, struct arena *arena,
                    Exportqueue__V1__HealthResponse **out, struct err *err)
{
    Exportqueue__V1__HealthRequest request = EXPORTQUEUE__V1__HEALTH_REQUEST__INIT;
    return call(exportq, "Health", &request.base, arena, out, err);
}

/* ---- Watching: a watch is the stream itself under a name of ours ---- */

struct exportq_watch *exportq_watch_open(struct exportq *exportq,
                                         const Exportqueue__V1__WatchJobRequest *request)
{
    return (struct exportq_watch *)rpc_stream_open(exportq->client, service, "WatchJob",
                                                   &request->base);
}

enum exportq_watch_result exportq_watch_next(struct exportq_watch *watch, int64_t timeout_ms,
                                             struct arena *arena,
                                             Exportqueue__V1__WatchJobResponse **out,
                                             struct err *err)
{
    ProtobufCMessage *message = NULL;
    switch (rpc_stream_next((struct rpc_stream *)watch, timeout_ms, arena, &message, err)) {
    case RPC_STREAM_MESSAGE:
        *out = (Exportqueue__V1__WatchJobResponse *)(void *)message;
        return EXPORTQ_CHANGE;
    case RPC_STREAM_END:
        return EXPORTQ_END;
    case RPC_STREAM_TIMEOUT:
        return EXPORTQ_NOTHING;
    case RPC_STREAM_FAILED:
        return EXPORTQ_FAILED;
    }
    return EXPORTQ_FAILED;
}

void exportq_watch_close(struct exportq_watch *watch)
{
    rpc_stream_close((struct rpc_stream *)watch);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See service.h. The handlers have the shape that protoc-c generates: a new rpc in the proto does
 * not compile until its handler stands here.
 */
#include "server/service.h"

#include "base/mem.h"
#include "server/auth.h"
#include "server/convert.h"
#include "server/failure.h"
#include "server/service_download.h"
#include "server/service_watch.h"

struct service {
    Exportqueue__V1__ExportService_Service base; /* first: a handler gets its address */
    struct exports *exports;
};

static struct exports *exports_of(Exportqueue__V1__ExportService_Service *base)
{
    return ((struct service *)(void *)base)->exports;
}

/* What every call but Health begins with: the queue is on, and the caller is known. */
static bool enter(Exportqueue__V1__ExportService_Service *base, struct rpc_call *call,
                  struct caller *out, struct err *err)
{
    return exports_require_enabled(exports_of(base), err) &&
           auth_caller(exports_of(base)->identity, call, out, err);
}

static void service_create_job(Exportqueue__V1__ExportService_Service *base,
                               const Exportqueue__V1__CreateJobRequest *request,
                               Exportqueue__V1__CreateJobResponse_Closure reply, void *call)
{
    Exportqueue__V1__CreateJobResponse response = EXPORTQUEUE__V1__CREATE_JOB_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct job_spec spec;
    struct job job;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) ||
        !convert_spec(request, exports_of(base)->limits, arena, &spec, &err) ||
        !exports_create(exports_of(base), &caller, &spec, str_of(request->request_id), arena, &job,
                        &err)) {
        failure_end(exports_of(base), call, &caller, (struct str){0}, &err);
        return;
    }
    response.job = convert_job(&job, arena);
    reply(&response, call);
}

static void service_get_job(Exportqueue__V1__ExportService_Service *base,
                            const Exportqueue__V1__GetJobRequest *request,
                            Exportqueue__V1__GetJobResponse_Closure reply, void *call)
{
    Exportqueue__V1__GetJobResponse response = EXPORTQUEUE__V1__GET_JOB_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct job job;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) ||
        !exports_get(exports_of(base), &caller, str_of(request->id), arena, &job, &err)) {
        failure_end(exports_of(base), call, &caller, str_of(request->id), &err);
        return;
    }
    response.job = convert_job(&job, arena);
    reply(&response, call);
}

static void service_list_jobs(Exportqueue__V1__ExportService_Service *base,
                              const Exportqueue__V1__ListJobsRequest *request,
                              Exportqueue__V1__ListJobsResponse_Closure reply, void *call)
{
    Exportqueue__V1__ListJobsResponse response = EXPORTQUEUE__V1__LIST_JOBS_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct exports_list_request list;
    struct exports_page page;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) || !convert_list_request(request, &list, &err) ||
        !exports_check_type(exports_of(base), list.type, arena, &err) ||
        !exports_list(exports_of(base), &caller, &list, arena, &page, &err)) {
        failure_end(exports_of(base), call, &caller, (struct str){0}, &err);
        return;
    }
    response.n_jobs = page.count;
    response.jobs = arena_alloc_array(arena, page.count, sizeof(void *));
    for (size_t i = 0; i < page.count; i++)
        response.jobs[i] = convert_job(&page.jobs[i], arena);
    response.next_page_token = arena_copy_text(arena, page.next_page_token);
    reply(&response, call);
}

static void service_watch_job(Exportqueue__V1__ExportService_Service *base,
                              const Exportqueue__V1__WatchJobRequest *request,
                              Exportqueue__V1__WatchJobResponse_Closure reply, void *call)
{
    (void)reply; /* a stream: watch.c says which verb */
    watch_turn(exports_of(base), request, call);
}

static void service_cancel_job(Exportqueue__V1__ExportService_Service *base,
                               const Exportqueue__V1__CancelJobRequest *request,
                               Exportqueue__V1__CancelJobResponse_Closure reply, void *call)
{
    Exportqueue__V1__CancelJobResponse response = EXPORTQUEUE__V1__CANCEL_JOB_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct job job;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) ||
        !exports_cancel(exports_of(base), &caller, str_of(request->id), arena, &job, &err)) {
        failure_end(exports_of(base), call, &caller, str_of(request->id), &err);
        return;
    }
    response.job = convert_job(&job, arena);
    reply(&response, call);
}

static void service_retry_job(Exportqueue__V1__ExportService_Service *base,
                              const Exportqueue__V1__RetryJobRequest *request,
                              Exportqueue__V1__RetryJobResponse_Closure reply, void *call)
{
    Exportqueue__V1__RetryJobResponse response = EXPORTQUEUE__V1__RETRY_JOB_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct job job;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) ||
        !exports_retry(exports_of(base), &caller, str_of(request->id), arena, &job, &err)) {
        failure_end(exports_of(base), call, &caller, str_of(request->id), &err);
        return;
    }
    response.job = convert_job(&job, arena);
    reply(&response, call);
}

static void service_delete_job(Exportqueue__V1__ExportService_Service *base,
                               const Exportqueue__V1__DeleteJobRequest *request,
                               Exportqueue__V1__DeleteJobResponse_Closure reply, void *call)
{
    Exportqueue__V1__DeleteJobResponse response = EXPORTQUEUE__V1__DELETE_JOB_RESPONSE__INIT;
    struct caller caller = {0};
    struct err err = {0};
    if (!enter(base, call, &caller, &err) ||
        !exports_remove(exports_of(base), &caller, str_of(request->id), &err)) {
        failure_end(exports_of(base), call, &caller, str_of(request->id), &err);
        return;
    }
    reply(&response, call);
}

static void
service_create_download_token(Exportqueue__V1__ExportService_Service *base,
                              const Exportqueue__V1__CreateDownloadTokenRequest *request,
                              Exportqueue__V1__CreateDownloadTokenResponse_Closure reply,
                              void *call)
{
    Exportqueue__V1__CreateDownloadTokenResponse response =
        EXPORTQUEUE__V1__CREATE_DOWNLOAD_TOKEN_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct str token;
    int64_t expires_ms = 0;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) ||
        !exports_issue_token(exports_of(base), &caller, str_of(request->id), arena, &token,
                             &expires_ms, &err)) {
        failure_end(exports_of(base), call, &caller, str_of(request->id), &err);
        return;
    }
    response.token = arena_copy_text(arena, token);
    response.expires = convert_time(expires_ms, arena);
    reply(&response, call);
}

static void service_download(Exportqueue__V1__ExportService_Service *base,
                             const Exportqueue__V1__DownloadRequest *request,
                             Exportqueue__V1__DownloadResponse_Closure reply, void *call)
{
    (void)reply; /* a stream: download.c says which verb */
    download_turn(exports_of(base), request, call);
}

static void service_list_export_types(Exportqueue__V1__ExportService_Service *base,
                                      const Exportqueue__V1__ListExportTypesRequest *request,
                                      Exportqueue__V1__ListExportTypesResponse_Closure reply,
                                      void *call)
{
    (void)request;
    Exportqueue__V1__ListExportTypesResponse response =
        EXPORTQUEUE__V1__LIST_EXPORT_TYPES_RESPONSE__INIT;
    const struct exports *exports = exports_of(base);
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct err err = {0};
    if (!enter(base, call, &caller, &err)) {
        failure_end(exports_of(base), call, &caller, (struct str){0}, &err);
        return;
    }
    response.n_types = catalog_count(exports->catalog);
    response.types = arena_alloc_array(arena, response.n_types, sizeof(void *));
    for (size_t i = 0; i < response.n_types; i++)
        response.types[i] = convert_type(catalog_at(exports->catalog, i), arena);
    reply(&response, call);
}

static void service_list_audit_entries(Exportqueue__V1__ExportService_Service *base,
                                       const Exportqueue__V1__ListAuditEntriesRequest *request,
                                       Exportqueue__V1__ListAuditEntriesResponse_Closure reply,
                                       void *call)
{
    Exportqueue__V1__ListAuditEntriesResponse response =
        EXPORTQUEUE__V1__LIST_AUDIT_ENTRIES_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct exports_audit_request list;
    struct exports_audit_page page;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) || !convert_audit_request(request, &list, &err) ||
        !exports_list_audit(exports_of(base), &caller, &list, arena, &page, &err)) {
        failure_end(exports_of(base), call, &caller, (struct str){0}, &err);
        return;
    }
    response.n_entries = page.count;
    response.entries = arena_alloc_array(arena, page.count, sizeof(void *));
    for (size_t i = 0; i < page.count; i++)
        response.entries[i] = convert_audit_entry(&page.entries[i], arena);
    response.next_page_token = arena_copy_text(arena, page.next_page_token);
    reply(&response, call);
}

static void
service_list_webhook_deliveries(Exportqueue__V1__ExportService_Service *base,
                                const Exportqueue__V1__ListWebhookDeliveriesRequest *request,
                                Exportqueue__V1__ListWebhookDeliveriesResponse_Closure reply,
                                void *call)
{
    Exportqueue__V1__ListWebhookDeliveriesResponse response =
        EXPORTQUEUE__V1__LIST_WEBHOOK_DELIVERIES_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct exports_deliveries_request list;
    struct exports_deliveries_page page;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) || !convert_deliveries_request(request, &list, &err) ||
        !exports_list_deliveries(exports_of(base), &caller, &list, arena, &page, &err)) {
        failure_end(exports_of(base), call, &caller, (struct str){0}, &err);
        return;
    }
    response.n_deliveries = page.count;
    response.deliveries = arena_alloc_array(arena, page.count, sizeof(void *));
    for (size_t i = 0; i < page.count; i++)
        response.deliveries[i] = convert_delivery(&page.deliveries[i], arena);
    response.next_page_token = arena_copy_text(arena, page.next_page_token);
    reply(&response, call);
}

static void service_resend_webhook(Exportqueue__V1__ExportService_Service *base,
                                   const Exportqueue__V1__ResendWebhookRequest *request,
                                   Exportqueue__V1__ResendWebhookResponse_Closure reply, void *call)
{
    Exportqueue__V1__ResendWebhookResponse response =
        EXPORTQUEUE__V1__RESEND_WEBHOOK_RESPONSE__INIT;
    struct arena *arena = rpc_turn_arena(call);
    struct caller caller = {0};
    struct delivery delivery;
    struct err err = {0};
    if (!enter(base, call, &caller, &err) ||
        !exports_resend_delivery(exports_of(base), &caller, str_of(request->id), arena, &delivery,
                                 &err)) {
        failure_end(exports_of(base), call, &caller, (struct str){0}, &err);
        return;
    }
    response.delivery = convert_delivery(&delivery, arena);
    reply(&response, call);
}

/* What rpc/ decides and knows. */
static void read_door(void *rpc, struct limit_use limits[LIMIT_COUNT])
{
    limits[LIMIT_CALLS].in_use = rpc_server_calls(rpc);
    limits[LIMIT_CONNECTIONS].most = rpc_connections_most();
    limits[LIMIT_CONNECTIONS].refused = (int64_t)rpc_connections_refused();
}

static void service_health(Exportqueue__V1__ExportService_Service *base,
                           const Exportqueue__V1__HealthRequest *request,
                           Exportqueue__V1__HealthResponse_Closure reply, void *call)
{
    (void)request;
    Exportqueue__V1__HealthResponse response = EXPORTQUEUE__V1__HEALTH_RESPONSE__INIT;
    struct caller caller = {0};
    struct exports_health health;
    struct err ignored = {0}; /* who shows what does not hold is told what everybody is */
    if (!auth_anyone(exports_of(base)->identity, call, &caller, &ignored))
        caller = (struct caller){0};
    exports_health(exports_of(base), &caller, &health);
    convert_health(&health, rpc_turn_arena(call), &response);
    reply(&response, call);
}

bool service_mount(struct rpc_server *server, struct exports *exports,
                   const struct rpc_schema *schema, struct service **out, struct err *err)
{
    static const Exportqueue__V1__ExportService_Service handlers =
        EXPORTQUEUE__V1__EXPORT_SERVICE__INIT(service_);
    struct service *service = mem_new(struct service);
    service->base = handlers;
    service->exports = exports;
    limits_set_reader(exports->limits, read_door, server);
    if (!rpc_server_add(server, &service->base.base, schema, err)) {
        service_free(service);
        return false;
    }
    *out = service;
    return true;
}

void service_free(struct service *service)
{
    free(service);
}

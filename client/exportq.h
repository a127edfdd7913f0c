/* SPDX-License-Identifier: Apache-2.0
 *
 * libexportq: the export service from C. Each function is one RPC of exportqueue.v1.ExportService
 * and blocks until it is answered; requests and responses are the generated messages of
 * exportqueue/v1/export.pb-c.h, so this adds no second model. Responses lie in the caller's arena.
 *
 *     struct exportq *exportq = NULL;
 *     struct exportq_options options = {.server = "127.0.0.1:50051"};
 *     if (!exportq_open(&options, &exportq, &err) || !exportq_get(exportq, id, &arena, &job, &err))
 *         fprintf(stderr, "%s\n", err.text);
 *     exportq_close(exportq);
 *
 * A handle is used by one thread at a time. Errors are the server's own; ERR_UNAVAILABLE: it cannot
 * be reached, or cannot answer now.
 */
#ifndef CLIENT_EXPORTQ_H
#define CLIENT_EXPORTQ_H

#include "base/arena.h"
#include "base/err.h"
#include "exportqueue/v1/export.pb-c.h"
#include "rpc/obstacle.h"

struct exportq;
struct exportq_watch;

struct exportq_options {
    const char *server; /* "HOST:PORT"; NULL: "127.0.0.1:50051" */
    const char *user;   /* the owner to act for (x-exportq-user); NULL: the server's default */
    const char *bearer_token;    /* a credential; NULL: none */
    bool is_tls;                 /* the server is always verified; false: plain text */
    const char *ca_pem;          /* by these authorities; NULL: by those that the system trusts */
    const char *certificate_pem; /* what the client shows, with its key; NULL: nothing */
    const char *key_pem;
};

/* The options are copied; connects with the first call. ERR_INVALID: options that do not go
 * together, or a bearer token that would go to another machine in plain text. */
bool exportq_open(const struct exportq_options *options, struct exportq **out,
                  struct err *err) MUST_CHECK;

/* NULL is fine. */
void exportq_close(struct exportq *exportq);

/* Whether the server was there for any call so far: tells a wrong address from a bad day. */
bool exportq_was_reached(const struct exportq *exportq);

/* What stood in the way of the last call that could not reach the server. */
enum rpc_obstacle exportq_obstacle(const struct exportq *exportq);

bool exportq_create(struct exportq *exportq, const Exportqueue__V1__CreateJobRequest *request,
                    struct arena *arena, Exportqueue__V1__CreateJobResponse **out,
                    struct err *err) MUST_CHECK;
bool exportq_get(struct exportq *exportq, const char *id, struct arena *arena,
                 Exportqueue__V1__GetJobResponse **out, struct err *err) MUST_CHECK;
bool exportq_list(struct exportq *exportq, const Exportqueue__V1__ListJobsRequest *request,
                  struct arena *arena, Exportqueue__V1__ListJobsResponse **out,
                  struct err *err) MUST_CHECK;
bool exportq_cancel(struct exportq *exportq, const char *id, struct arena *arena,
                    Exportqueue__V1__CancelJobResponse **out, struct err *err) MUST_CHECK;
bool exportq_retry(struct exportq *exportq, const char *id, struct arena *arena,
                   Exportqueue__V1__RetryJobResponse **out, struct err *err) MUST_CHECK;
bool exportq_delete(struct exportq *exportq, const char *id, struct arena *arena,
                    Exportqueue__V1__DeleteJobResponse **out, struct err *err) MUST_CHECK;
bool exportq_token(struct exportq *exportq, const char *id, struct arena *arena,
                   Exportqueue__V1__CreateDownloadTokenResponse **out, struct err *err) MUST_CHECK;
bool exportq_types(struct exportq *exportq, struct arena *arena,
                   Exportqueue__V1__ListExportTypesResponse **out, struct err *err) MUST_CHECK;
bool exportq_audit(struct exportq *exportq, const Exportqueue__V1__ListAuditEntriesRequest *request,
                   struct arena *arena, Exportqueue__V1__ListAuditEntriesResponse **out,
                   struct err *err) MUST_CHECK;
bool exportq_deliveries(struct exportq *exportq,
                        const Exportqueue__V1__ListWebhookDeliveriesRequest *request,
                        struct arena *arena, Exportqueue__V1__ListWebhookDeliveriesResponse **out,
                        struct err *err) MUST_CHECK;
bool exportq_resend(struct exportq *exportq, const char *id, struct arena *arena,
                    Exportqueue__V1__ResendWebhookResponse **out, struct err *err) MUST_CHECK;
bool exportq_health(struct exportq *exportq, struct arena *arena,
                    Exportqueue__V1__HealthResponse **out, struct err *err) MUST_CHECK;

/* Watches a job, all jobs of the caller or, for admins, those of every owner. */
struct exportq_watch *exportq_watch_open(struct exportq *exportq,
                                         const Exportqueue__V1__WatchJobRequest *request);

enum exportq_watch_result { EXPORTQ_CHANGE, EXPORTQ_END, EXPORTQ_NOTHING, EXPORTQ_FAILED };

/* Waits for the next change, at most `timeout_ms` (then NOTHING); -1: without end. END: the job has
 * reached a final state, which was told. */
enum exportq_watch_result exportq_watch_next(struct exportq_watch *watch, int64_t timeout_ms,
                                             struct arena *arena,
                                             Exportqueue__V1__WatchJobResponse **out,
                                             struct err *err);
void exportq_watch_close(struct exportq_watch *watch);

/* Where the bytes of a download go. */
struct exportq_receiver {
    /* Told once, before the first byte. */
    bool (*begin)(void *target, const Exportqueue__V1__File *file, struct err *err);
    bool (*take)(void *target, const void *bytes, size_t len, struct err *err);
    bool (*is_wanted)(void *target); /* asked several times a second; NULL: always */
    void *target;
    const int *begun_fd; /* a file that holds the first bytes from an earlier download, which are
                            then not asked for again; NULL: none. Read only, its offset stays. */
};

/* Downloads the whole file behind a token. A transfer that breaks is resumed where it stopped, a
 * few times after each byte that came. True only if all bytes came and their SHA-256 is the
 * header's. ERR_CANCELLED: it is not wanted any more. */
bool exportq_download(struct exportq *exportq, const char *token,
                      const struct exportq_receiver *receiver, struct err *err) MUST_CHECK;

#endif

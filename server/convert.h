/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the proto and the domain: the only files that know both. What comes in is checked for
 * form (lengths, enums; that texts are UTF-8 has been checked by rpc/); what it means is checked by
 * exports.c. All results lie in the arena; views into the request live as long as the request.
 */
#ifndef SERVER_CONVERT_H
#define SERVER_CONVERT_H

#include "exportqueue/v1/export.pb-c.h"
#include "server/exports.h"

enum {
    CONVERT_MAX_NAME = 128,
    CONVERT_MAX_URL = 2048,
};

/* ERR_INVALID names the field. As many filters, columns and values as `limits` says, which counts
 * what is refused for that. */
bool convert_spec(const Exportqueue__V1__CreateJobRequest *request, struct limits *limits,
                  struct arena *arena, struct job_spec *out, struct err *err) MUST_CHECK;
bool convert_list_request(const Exportqueue__V1__ListJobsRequest *request,
                          struct exports_list_request *out, struct err *err) MUST_CHECK;
bool convert_audit_request(const Exportqueue__V1__ListAuditEntriesRequest *request,
                           struct exports_audit_request *out, struct err *err) MUST_CHECK;
bool convert_deliveries_request(const Exportqueue__V1__ListWebhookDeliveriesRequest *request,
                                struct exports_deliveries_request *out, struct err *err) MUST_CHECK;

/* Pieces of these: a text of at most `max` bytes, and the refusal of an enum's number, which tells
 * what is accepted: all names but that of 0, which says nothing. */
bool convert_text(const char *text, const char *field, size_t max, struct str *out,
                  struct err *err) MUST_CHECK;
bool convert_refuse_number(const ProtobufCEnumDescriptor *descriptor, int value, const char *field,
                           struct err *err);

Exportqueue__V1__JobState convert_state(enum job_state state);
Exportqueue__V1__Job *convert_job(const struct job *job, struct arena *arena);
Exportqueue__V1__File *convert_file(const struct job *job, struct arena *arena);
Google__Protobuf__Timestamp *convert_time(int64_t ms, struct arena *arena);
Exportqueue__V1__ExportType *convert_type(const struct export_type *type, struct arena *arena);
Exportqueue__V1__AuditEntry *convert_audit_entry(const struct audit_entry *entry,
                                                 struct arena *arena);
Exportqueue__V1__WebhookDelivery *convert_delivery(const struct delivery *delivery,
                                                   struct arena *arena);
void convert_health(const struct exports_health *health, struct arena *arena,
                    Exportqueue__V1__HealthResponse *out);

#endif

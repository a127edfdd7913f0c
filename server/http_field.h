/* SPDX-License-Identifier: Apache-2.0
 *
 * What an error of the use cases names, in the words of the browser's door. They speak of gRPC's
 * message: "filters[0].values" there is "params.dateFrom" here, "page_token" is "pageToken".
 */
#ifndef SERVER_HTTP_FIELD_H
#define SERVER_HTTP_FIELD_H

#include "base/err.h"
#include "exportqueue/v1/export.pb-c.h"

/* Names the field anew, also where the text begins with its name. */
void http_field_set(struct err *err, const char *field);

/* Puts something before the field's name. */
void http_field_prefix(struct err *err, const char *prefix);

/* The name of a member of params; a long one is cut. */
void http_field_of_param(const char *name, char out[ERR_FIELD_SIZE]);

/* A field of the message that was made of a body, or of a query (`request` is NULL then). */
void http_field_translate(const Exportqueue__V1__CreateJobRequest *request, struct err *err);

#endif

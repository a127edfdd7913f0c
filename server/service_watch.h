/* SPDX-License-Identifier: Apache-2.0
 *
 * The stream behind WatchJob.
 */
#ifndef SERVER_SERVICE_WATCH_H
#define SERVER_SERVICE_WATCH_H

#include "exportqueue/v1/export.pb-c.h"
#include "rpc/rpc.h"
#include "server/exports.h"

/* One turn of the stream; ends with one verb of rpc/rpc.h. */
void watch_turn(struct exports *exports, const Exportqueue__V1__WatchJobRequest *request,
                struct rpc_call *call);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The stream behind Download: a header, then the file's bytes in chunks.
 */
#ifndef SERVER_SERVICE_DOWNLOAD_H
#define SERVER_SERVICE_DOWNLOAD_H

#include "exportqueue/v1/export.pb-c.h"
#include "rpc/rpc.h"
#include "server/exports.h"

/* One turn of the stream; ends with one verb of rpc/rpc.h. */
void download_turn(struct exports *exports, const Exportqueue__V1__DownloadRequest *request,
                   struct rpc_call *call);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The stream behind Download: a header, then the file's bytes in chunks. The download holds the
 * lease on its file, renews it while bytes flow, and tells the store how far it came: a contiguous
 * prefix that reaches the last byte spends the token.
 */
#ifndef SERVER_DOWNLOAD_H
#define SERVER_DOWNLOAD_H

#include "exportqueue/v1/export.pb-c.h"
#include "rpc/rpc.h"
#include "server/exports.h"

/* One turn of the stream; ends with one verb of rpc/rpc.h. */
void download_turn(struct exports *exports, const Exportqueue__V1__DownloadRequest *request,
                   struct rpc_call *call);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A finished file on its way to whoever has its token: the download holds the lease on the file,
 * renews it while bytes flow, and tells the store how far it came: a contiguous prefix that reaches
 * the last byte spends the token. Knows no door. One thread at a time.
 */
#ifndef SERVER_HANDOVER_H
#define SERVER_HANDOVER_H

#include "server/exports.h"

struct handover;

/* Begins at `offset`. Errors are those of exports_open_download. */
bool handover_begin(struct exports *exports, const struct caller *caller,
                    const struct exports_pass *pass, int64_t offset, struct handover **out,
                    struct err *err) MUST_CHECK;

/* The job, as long as the handover. */
const struct job *handover_job(const struct handover *handover);

/* Where it is. */
int64_t handover_offset(const struct handover *handover);

/* The next bytes; that it is asked says that those of before were taken. None: all are, the lease
 * was given back and the token is spent, or will be once the store answers (server/returns.h). */
bool handover_read(struct handover *handover, void *out, size_t room, size_t *out_len,
                   struct err *err) MUST_CHECK;

/* The end, wherever it is: gives the lease back, logs, frees. `was_taken`: so were the bytes that
 * were read last. */
void handover_end(struct handover *handover, bool was_taken);

#endif

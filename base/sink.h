/* SPDX-License-Identifier: Apache-2.0
 *
 * Where bytes go: the one interface between the stages of the row path (writer, compressor, file
 * store). Embed it as the first member and set `write`.
 */
#ifndef BASE_SINK_H
#define BASE_SINK_H

#include "base/err.h"

struct sink {
    /* Takes all `len` bytes or fails; after a failure the sink takes no more. */
    bool (*write)(struct sink *sink, const void *bytes, size_t len, struct err *err);
};

static inline bool MUST_CHECK sink_write(struct sink *sink, const void *bytes, size_t len,
                                         struct err *err)
{
    return sink->write(sink, bytes, len, err);
}

#endif

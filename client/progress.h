/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a job is, on standard error: a bar that is drawn again and again on a terminal, plain
 * lines elsewhere. Never 100 % before the job is COMPLETED.
 */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include "base/buf.h"
#include "exportqueue/v1/export.pb-c.h"

struct progress {
    bool is_terminal;
    size_t width;       /* of the terminal, in columns */
    int64_t begun_ms;   /* clock_monotonic_ms() when rows were first seen; 0: not yet */
    int64_t begun_rows; /* how many there were then */
    int64_t printed_ms; /* plain lines: when the last was printed */
    int state;          /* the state last shown; -1: none */
};

void progress_init(struct progress *progress);

/* Shows the job as it is now. */
void progress_show(struct progress *progress, const Exportqueue__V1__Job *job);

/* Ends the bar's line, if one was drawn. */
void progress_end(struct progress *progress);

/* Appends one line, without newline: a bar at most `width` columns wide, or, with width 0, no bar
 * but all that is known. `rows_per_s` 0: not known. For progress_show, and for tests. */
void progress_format(const Exportqueue__V1__Job *job, double rows_per_s, size_t width,
                     struct buf *out);

#endif

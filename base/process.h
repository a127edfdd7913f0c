/* SPDX-License-Identifier: Apache-2.0
 *
 * What this process takes of the machine.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/defs.h"

struct process_use {
    int64_t resident_bytes; /* memory that is not elsewhere; 0: not known */
    int64_t open_files;     /* descriptors; 0: not known */
    int64_t most_files;     /* how many there may be */
    double cpu_seconds;     /* of all threads */
    double started_s;       /* since 1970; 0: not known */
};

/* Linux tells by /proc; where that is not mounted, what it would say is zero. */
void process_read_use(struct process_use *out);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * How a job's file is to look: from what was asked for to the options of writer and document.
 */
#ifndef WORKER_PRESENTATION_H
#define WORKER_PRESENTATION_H

#include "export/document.h"
#include "queue/job.h"

/* Lives in the arena it was made in. The writer's zone is for the runner to open. */
struct presentation {
    struct writer_options writer;
    struct document_options document;
    struct str time_zone; /* known; empty: UTC */
};

/* ERR_INVALID in the field that is wrong, with the value and what would be accepted. Options that
 * the format does not know are checked all the same. */
bool presentation_make(const struct job_presentation *asked, const struct format *format,
                       struct arena *arena, struct presentation *out, struct err *err) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * From a job's specification, which is all text, to what export/ needs to run it. The doors make a
 * plan to check a request, the runner makes it again to carry the job out: one set of rules.
 */
#ifndef WORKER_PLAN_H
#define WORKER_PLAN_H

#include "export/catalog.h"
#include "queue/job.h"
#include "worker/presentation.h"

/* Names and values of filters, and names of columns, in all: a job is kept for as long as its
 * retention, and given out with every list. */
enum { PLAN_MAX_SPEC_BYTES = 64 * 1024 };

/* Lives in the arena it was made in; points into the catalog. */
struct plan {
    const struct export_type *type;
    const struct format *format;
    struct presentation presentation;
    const struct filter_value *filters;  /* one per filter of the type */
    const size_t *column_indices;        /* into the type's columns, in the order of the file */
    const struct column *const *columns; /* the same columns */
    size_t column_count;
};

/* Errors: ERR_INVALID in the field that is wrong, with the value and what would be accepted;
 * ERR_UNIMPLEMENTED for what this version does not do. */
bool plan_make(const struct catalog *catalog, const struct job_spec *spec, struct arena *arena,
               struct plan *out, struct err *err) MUST_CHECK;

#endif

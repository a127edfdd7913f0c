/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers about a running program, as Prometheus reads them (text format 0.0.4). A family says what
 * is told: a counter, a gauge or a histogram, with up to three labels. Counters and histograms are
 * kept in a struct metric, one cell for each combination of what its labels may say; that is fixed
 * when it is made, so no caller can make them more. A gauge is asked for when it is written.
 *
 * Adding takes no lock and may be done by any number of threads, also while the metric is written.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/buf.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_MAX_LABELS = 3 };

struct metric_family {
    const char *name; /* by Prometheus' conventions: base units, counters end in _total */
    enum metric_kind kind;
    const char *unit;                      /* for people */
    const char *help;                      /* one line */
    const char *labels[METRIC_MAX_LABELS]; /* NULL: no more */
    const double *bounds;                  /* METRIC_HISTOGRAM: upper bounds in seconds, rising */
    size_t bound_count;
    bool has_zeros; /* combinations of which nothing was told are written, too */
};

/* "counter", …; never NULL. */
const char *metric_kind_name(enum metric_kind kind);

/* What a label may say, beside "other", which stands for all else. */
struct metric_values {
    const char *const *values;
    size_t count;
};

struct metric;

/* All at zero. `values` has one for each label; what they point to outlives the metric, as the
 * family does. Not for gauges. */
struct metric *metric_new(const struct metric_family *family, const struct metric_values *values);

/* Accepts NULL. */
void metric_free(struct metric *metric);

/* Adds to a counter. `labels` has one text for each label. */
void metric_add(struct metric *metric, const struct str *labels, uint64_t count);

/* Adds a duration to a histogram; below zero counts as zero. */
void metric_observe(struct metric *metric, const struct str *labels, double seconds);

/* The family with all its samples. */
void metric_write(const struct metric *metric, struct buf *out);

/* The same by hand: the head once, then each sample. */
void metric_write_head(const struct metric_family *family, struct buf *out);
void metric_write_sample(const struct metric_family *family, const struct str *labels, double value,
                         struct buf *out);

#endif

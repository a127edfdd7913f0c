/* SPDX-License-Identifier: Apache-2.0
 *
 * See metric.h. The cells of all combinations lie one after the other, the last label's values
 * nearest to each other. A cell is one number of a counter; of a histogram as many as there are
 * buckets, each with what fell into it alone, and then the sum in microseconds.
 */
#include "base/metric.h"

#include "base/mem.h"
#include "base/number.h"

#include <assert.h>
#include <stdatomic.h>

struct metric {
    const struct metric_family *family;
    struct metric_values values[METRIC_MAX_LABELS];
    size_t label_count;
    size_t cell_count;
    size_t cell_size; /* numbers of one cell */
    _Atomic(uint64_t) *numbers;
};

static const char other[] = "other";

const char *metric_kind_name(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

static size_t count_labels(const struct metric_family *family)
{
    size_t count = 0;
    while (count < METRIC_MAX_LABELS && family->labels[count])
        count++;
    return count;
}

struct metric *metric_new(const struct metric_family *family, const struct metric_values *values)
{
    assert(family->kind != METRIC_GAUGE);
    struct metric *metric = mem_new(struct metric);
    metric->family = family;
    metric->label_count = count_labels(family);
    metric->cell_count = 1;
    for (size_t i = 0; i < metric->label_count; i++) {
        metric->values[i] = values[i];
        metric->cell_count *= values[i].count + 1;
    }
    metric->cell_size = family->kind == METRIC_HISTOGRAM ? family->bound_count + 2 : 1;
    metric->numbers = mem_new_array(metric->cell_count, metric->cell_size * sizeof(uint64_t));
    return metric;
}

void metric_free(struct metric *metric)
{
    if (!metric)
        return;
    free((void *)metric->numbers);
    free(metric);
}

/* ---- Counting ---- */

/* Its index; the one after the last is "other". */
static size_t find_value(const struct metric_values *values, struct str value)
{
    size_t i = 0;
    while (i < values->count && !str_equal(str_of(values->values[i]), value))
        i++;
    return i;
}

static _Atomic(uint64_t) *find_cell(struct metric *metric, const struct str *labels)
{
    size_t cell = 0;
    for (size_t i = 0; i < metric->label_count; i++)
        cell = cell * (metric->values[i].count + 1) + find_value(&metric->values[i], labels[i]);
    return metric->numbers + cell * metric->cell_size;
}

static void add(_Atomic(uint64_t) *number, uint64_t count)
{
    (void)atomic_fetch_add_explicit(number, count, memory_order_relaxed);
}

static uint64_t read_number(const _Atomic(uint64_t) *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

void metric_add(struct metric *metric, const struct str *labels, uint64_t count)
{
    assert(metric->family->kind == METRIC_COUNTER);
    add(find_cell(metric, labels), count);
}

void metric_observe(struct metric *metric, const struct str *labels, double seconds)
{
    assert(metric->family->kind == METRIC_HISTOGRAM);
    _Atomic(uint64_t) *cell = find_cell(metric, labels);
    const struct metric_family *family = metric->family;
    double positive = seconds > 0 ? seconds : 0;
    size_t bucket = 0;
    while (bucket < family->bound_count && positive > family->bounds[bucket])
        bucket++;
    add(cell + bucket, 1);
    add(cell + family->bound_count + 1, (uint64_t)(positive * 1e6));
}

/* ---- Writing ---- */

void metric_write_head(const struct metric_family *family, struct buf *out)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
               metric_kind_name(family->kind));
}

static void write_escaped(struct str value, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\n')
            buf_add_text(out, "\\n");
        else if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else
            buf_add_char(out, c);
    }
}

/* {name="value",…}, with `bound`, if it is not NULL, as the label le. */
static void write_labels(const struct metric_family *family, const struct str *labels,
                         const char *bound, struct buf *out)
{
    size_t count = count_labels(family);
    if (count == 0 && !bound)
        return;
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s%s=\"", i ? "," : "{", family->labels[i]);
        write_escaped(labels[i], out);
        buf_add_char(out, '"');
    }
    if (bound)
        buf_printf(out, "%sle=\"%s\"", count ? "," : "{", bound);
    buf_add_char(out, '}');
}

void metric_write_sample(const struct metric_family *family, const struct str *labels, double value,
                         struct buf *out)
{
    char text[NUMBER_TEXT_SIZE];
    number_format_double(value, text);
    buf_add_text(out, family->name);
    write_labels(family, labels, NULL, out);
    buf_printf(out, " %s\n", text);
}

static void write_bucket(const struct metric_family *family, const struct str *labels,
                         const char *bound, uint64_t count, struct buf *out)
{
    buf_printf(out, "%s_bucket", family->name);
    write_labels(family, labels, bound, out);
    buf_printf(out, " %llu\n", (unsigned long long)count);
}

static void write_histogram(const struct metric_family *family, const struct str *labels,
                            const _Atomic(uint64_t) *cell, struct buf *out)
{
    char text[NUMBER_TEXT_SIZE];
    uint64_t count = 0;
    for (size_t i = 0; i < family->bound_count; i++) {
        count += read_number(cell + i);
        number_format_double(family->bounds[i], text);
        write_bucket(family, labels, text, count, out);
    }
    count += read_number(cell + family->bound_count);
    write_bucket(family, labels, "+Inf", count, out);
    number_format_double((double)read_number(cell + family->bound_count + 1) / 1e6, text);
    buf_printf(out, "%s_sum", family->name);
    write_labels(family, labels, NULL, out);
    buf_printf(out, " %s\n%s_count", text, family->name);
    write_labels(family, labels, NULL, out);
    buf_printf(out, " %llu\n", (unsigned long long)count);
}

/* The texts of a cell's labels; false if one of them is "other". */
static bool name_cell(const struct metric *metric, size_t cell, struct str out[METRIC_MAX_LABELS])
{
    bool is_known = true;
    size_t rest = cell;
    for (size_t i = metric->label_count; i-- > 0;) {
        const struct metric_values *values = &metric->values[i];
        size_t index = rest % (values->count + 1);
        rest /= values->count + 1;
        is_known = is_known && index < values->count;
        out[i] = str_of(index < values->count ? values->values[index] : other);
    }
    return is_known;
}

/* The sum of a histogram may be zero where something was told, and its buckets then are not. */
static bool is_zero(const struct metric *metric, const _Atomic(uint64_t) *cell)
{
    for (size_t i = 0; i < metric->cell_size; i++)
        if (read_number(cell + i))
            return false;
    return true;
}

void metric_write(const struct metric *metric, struct buf *out)
{
    const struct metric_family *family = metric->family;
    metric_write_head(family, out);
    for (size_t i = 0; i < metric->cell_count; i++) {
        const _Atomic(uint64_t) *cell = metric->numbers + i * metric->cell_size;
        struct str labels[METRIC_MAX_LABELS] = {{0}};
        bool is_known = name_cell(metric, i, labels);
        if (is_zero(metric, cell) && !(is_known && family->has_zeros))
            continue;
        if (family->kind == METRIC_HISTOGRAM)
            write_histogram(family, labels, cell, out);
        else
            metric_write_sample(family, labels, (double)read_number(cell), out);
    }
}

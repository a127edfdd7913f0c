/* SPDX-License-Identifier: Apache-2.0
 *
 * See progress.h.
 */
#include "client/progress.h"

#include "base/clock.h"
#include "client/cli.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum {
    DEFAULT_WIDTH = 80,
    BAR_MAX = 30,
    BAR_MIN = 5,
    LINE_MAX_BYTES = 1024,
    PLAIN_INTERVAL_MS = 2000,
    ALMOST = 99,
    ALL = 100,
    BAR_EDGES = 3, /* "[] " */
};

void progress_init(struct progress *progress)
{
    struct winsize size = {0};
    *progress = (struct progress){
        .is_terminal = isatty(STDERR_FILENO) == 1, .width = DEFAULT_WIDTH, .state = -1};
    if (progress->is_terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        progress->width = size.ws_col;
}

/* -1: not known. */
static int percent_of(const Exportqueue__V1__Job *job)
{
    const Exportqueue__V1__Progress *progress = job->progress;
    if (job->state == EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_COMPLETED)
        return ALL;
    if (!progress || progress->rows_total <= 0 || progress->rows_done < 0)
        return -1;
    double share = (double)progress->rows_done / (double)progress->rows_total;
    return share * ALL < ALMOST ? (int)(share * ALL) : ALMOST;
}

static void add_size(struct buf *out, int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1000 && unit + 1 < COUNT_OF(units); unit++)
        size /= 1000;
    long long tenths = (long long)(size * 10 + 0.5); /* printf's point is the locale's */
    if (unit)
        buf_printf(out, "%lld.%lld %s", tenths / 10, tenths % 10, units[unit]);
    else
        buf_printf(out, "%lld %s", (long long)bytes, units[0]);
}

static void add_facts(const Exportqueue__V1__Job *job, double rows_per_s, struct buf *out)
{
    const Exportqueue__V1__Progress *progress = job->progress;
    if (!progress || progress->rows_done == 0)
        return;
    bool is_guess =
        progress->total_kind == EXPORTQUEUE__V1__PROGRESS__TOTAL_KIND__TOTAL_KIND_ESTIMATED;
    buf_printf(out, "  %lld", (long long)progress->rows_done);
    if (progress->rows_total > progress->rows_done)
        buf_printf(out, "/%s%lld", is_guess ? "~" : "", (long long)progress->rows_total);
    buf_add_text(out, " rows  ");
    add_size(out, progress->bytes_written);
    if (rows_per_s > 0)
        buf_printf(out, "  %.0f rows/s", rows_per_s);
}

static void add_bar(int percent, size_t width, struct buf *out)
{
    size_t filled = percent < 0 ? 0 : width * (size_t)percent / ALL;
    buf_add_char(out, '[');
    for (size_t i = 0; i < width; i++)
        buf_add_char(out, i < filled ? '#' : '.');
    buf_add_text(out, "] ");
}

static const char *label_of(const Exportqueue__V1__Job *job)
{
    bool is_running = job->state == EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_RUNNING;
    return is_running && job->progress ? cli_phase_name(job->progress->phase)
                                       : cli_state_name(job->state);
}

void progress_format(const Exportqueue__V1__Job *job, double rows_per_s, size_t width,
                     struct buf *out)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, LINE_MAX_BYTES);
    int percent = percent_of(job);
    if (percent >= 0)
        buf_printf(&text, "%3d%%  ", percent);
    else if (width)
        buf_add_text(&text, "  ?   ");
    buf_add_text(&text, label_of(job));
    add_facts(job, rows_per_s, &text);
    size_t begin = out->len;
    size_t left = width > text.len + BAR_EDGES ? width - text.len - BAR_EDGES : 0;
    if (left >= BAR_MIN)
        add_bar(percent, left < BAR_MAX ? left : BAR_MAX, out);
    buf_add_str(out, buf_str(&text));
    if (width && out->len - begin > width)
        out->len = begin + width;
}

static double seconds_of(const Google__Protobuf__Timestamp *time)
{
    return (double)time->seconds + (double)time->nanos / 1e9;
}

/* Rows per second: of an ended job as the server tells, else since rows were first seen. A new
 * attempt begins anew. */
static double rate_of(struct progress *progress, const Exportqueue__V1__Job *job, int64_t now)
{
    int64_t rows = job->progress ? job->progress->rows_done : 0;
    if (!progress->begun_ms || rows < progress->begun_rows) {
        progress->begun_ms = now;
        progress->begun_rows = rows;
    }
    double seconds = (double)(now - progress->begun_ms) / 1e3;
    double done = (double)rows - (double)progress->begun_rows;
    if (job->started && job->completed) {
        seconds = seconds_of(job->completed) - seconds_of(job->started);
        done = (double)rows;
    }
    return seconds > 0 ? done / seconds : 0;
}

static bool is_line_due(const struct progress *progress, const Exportqueue__V1__Job *job,
                        int64_t now)
{
    return progress->is_terminal || (int)job->state != progress->state ||
           now - progress->printed_ms >= PLAIN_INTERVAL_MS;
}

void progress_show(struct progress *progress, const Exportqueue__V1__Job *job)
{
    int64_t now = clock_monotonic_ms();
    double rows_per_s = rate_of(progress, job, now);
    if (!is_line_due(progress, job, now))
        return;
    struct buf line CLEANUP(buf_done);
    buf_init(&line, LINE_MAX_BYTES);
    progress_format(job, rows_per_s, progress->is_terminal ? progress->width - 1 : 0, &line);
    (void)fprintf(stderr, progress->is_terminal ? "\r\x1b[K%.*s" : "%.*s\n",
                  STR_ARG(buf_str(&line)));
    (void)fflush(stderr);
    progress->state = (int)job->state;
    progress->printed_ms = now;
}

void progress_end(struct progress *progress)
{
    if (progress->is_terminal && progress->state >= 0)
        (void)fputc('\n', stderr);
}

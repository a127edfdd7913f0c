/* SPDX-License-Identifier: Apache-2.0
 *
 * See sweep.h. What a store that cannot answer leaves open is left alone: that sweep breaks off. A
 * file that cannot be removed is passed, and tried again in the next sweep.
 */
#include "engine/sweep.h"

#include "base/log.h"
#include "base/mem.h"

struct sweep {
    struct store *store;
    struct files *files;
    struct sweep_options options;
    int64_t next_ms;         /* monotonic: when a sweep is due, if none is under way */
    struct files_scan *scan; /* NULL: none is under way */
    struct files_portion portion;
    size_t removed;  /* in this sweep */
    bool is_failing; /* in this sweep */
    bool has_failed; /* in the sweep before it, or in this one: it has been logged */
};

struct sweep *sweep_new(struct store *store, struct files *files,
                        const struct sweep_options *options)
{
    struct sweep *sweep = mem_new(struct sweep);
    sweep->store = store;
    sweep->files = files;
    sweep->options = *options;
    sweep->next_ms = clock_monotonic_ms() + options->first_ms;
    return sweep;
}

void sweep_free(struct sweep *sweep)
{
    if (!sweep)
        return;
    files_scan_close(sweep->scan);
    free(sweep);
}

static void note_failure(struct sweep *sweep, const struct err *err)
{
    if (!sweep->has_failed)
        log_event(LOG_WARNING, "janitor.sweep_failed", "code=%s reason=%s",
                  err_code_name(err->code), err->text);
    sweep->is_failing = true;
    sweep->has_failed = true;
}

static bool remove_orphans(struct sweep *sweep, struct err *err)
{
    const struct files_portion *portion = &sweep->portion;
    struct attempt_file files[FILES_PORTION];
    bool is_orphan[FILES_PORTION];
    for (size_t i = 0; i < portion->count; i++) {
        const struct file_found *found = &portion->found[i];
        files[i] = (struct attempt_file){found->of.job, found->of.attempt, found->key};
    }
    if (!store_find_orphans(sweep->store, files, portion->count, is_orphan, err))
        return false;
    for (size_t i = 0; i < portion->count; i++) {
        if (!is_orphan[i])
            continue;
        if (files_scan_remove(sweep->scan, &portion->found[i], err))
            sweep->removed++;
        else
            note_failure(sweep, err);
    }
    return true;
}

static bool begin(struct sweep *sweep, struct err *err)
{
    sweep->removed = 0;
    sweep->is_failing = false;
    return files_scan_open(sweep->files, sweep->options.min_age_ms, &sweep->scan, err);
}

static void end(struct sweep *sweep, bool is_whole)
{
    files_scan_close(sweep->scan);
    sweep->scan = NULL;
    if (sweep->removed || (sweep->has_failed && !sweep->is_failing))
        log_event(LOG_INFO, "janitor.swept", "files=%zu", sweep->removed);
    sweep->has_failed = sweep->is_failing;
    sweep->next_ms =
        clock_monotonic_ms() + (is_whole ? sweep->options.every_ms : sweep->options.first_ms);
}

int64_t sweep_step(struct sweep *sweep)
{
    struct err err = {0};
    int64_t due_in_ms = sweep->next_ms - clock_monotonic_ms();
    if (!sweep->scan && due_in_ms > 0)
        return due_in_ms;
    bool is_ok = (sweep->scan || begin(sweep, &err)) &&
                 files_scan_next(sweep->scan, &sweep->portion, &err) && remove_orphans(sweep, &err);
    if (is_ok && !sweep->portion.is_last)
        return 0;
    if (!is_ok)
        note_failure(sweep, &err);
    end(sweep, is_ok);
    return is_ok ? sweep->options.every_ms : sweep->options.first_ms;
}

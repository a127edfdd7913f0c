/* SPDX-License-Identifier: Apache-2.0
 *
 * See cli.h. Here: how a job is shown to people, and what its end means.
 */
#include "client/cli.h"

#include "base/buf.h"
#include "client/screen.h"
#include "client/when.h"

enum { LINE_MAX_BYTES = 1024 * 1024 };

static void print_time(const char *key, const Google__Protobuf__Timestamp *time)
{
    char text[CALENDAR_TEXT_SIZE];
    if (!time)
        return;
    when_format(time, text);
    screen_print("%s: %s\n", key, text);
}

static void print_warning(const char *what, int64_t count)
{
    if (count)
        screen_print("warning: %s: %lld\n", what, (long long)count);
}

static void print_warnings(const Exportqueue__V1__Warnings *warnings)
{
    print_warning("cells that got a ' lest they run as formulas", warnings->cells_guarded);
    print_warning("NaN and infinities left out", warnings->non_finite);
    print_warning("cells with bytes that are no text, replaced", warnings->text_replaced);
    print_warning("kept as text, for a spreadsheet would change them", warnings->kept_as_text);
    if (warnings->sheets > 1)
        screen_print("sheets: %d\n", warnings->sheets);
}

/* ---- What was asked for ---- */

static void print_text(const char *key, const char *value)
{
    if (value && value[0])
        screen_print("%s: %s\n", key, value);
}

/* A value of an enum as the command line takes it, "gzip" of COMPRESSION_GZIP; 0 was not asked for.
 */
static void print_choice(const char *key, const ProtobufCEnumDescriptor *descriptor, int value,
                         const char *prefix)
{
    char word[32] = "";
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (!value || !known)
        return;
    const char *name =
        known->name + (strncmp(known->name, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0);
    for (size_t i = 0; name[i] && i + 1 < sizeof word; i++)
        word[i] = str_lower(name[i]);
    screen_print("%s: %s\n", key, word);
}

/* As it would be given again: a comma within a value has a backslash. */
static void print_filter(const Exportqueue__V1__Filter *filter)
{
    struct buf line CLEANUP(buf_done);
    buf_init(&line, LINE_MAX_BYTES);
    for (size_t i = 0; i < filter->n_values; i++) {
        if (i)
            buf_add_text(&line, ",");
        for (const char *at = filter->values[i]; *at; at++)
            buf_printf(&line, *at == ',' ? "\\%c" : "%c", *at);
    }
    screen_print("filter: %s=%.*s\n", filter->name, STR_ARG(buf_str(&line)));
}

static void print_columns(const Exportqueue__V1__Job *job)
{
    for (size_t i = 0; i < job->n_columns; i++)
        screen_print("%s%s", i ? "," : "columns: ", job->columns[i]);
    if (job->n_columns)
        screen_print("\n");
}

static void print_presentation(const Exportqueue__V1__Presentation *look)
{
    print_text("locale", look->locale);
    print_text("time zone", look->time_zone);
    print_choice("compression", &exportqueue__v1__compression__descriptor, (int)look->compression,
                 "COMPRESSION_");
    print_choice("dialect", &exportqueue__v1__dialect__descriptor, (int)look->dialect, "DIALECT_");
    print_choice("header", &exportqueue__v1__header__descriptor, (int)look->header, "HEADER_");
    if (look->places)
        screen_print("places: %d\n", look->places->digits);
    print_text("delimiter", strcmp(look->delimiter, "\t") == 0 ? "tab" : look->delimiter);
    print_choice("newline", &exportqueue__v1__newline__descriptor, (int)look->newline, "NEWLINE_");
    if (look->bom)
        screen_print("byte order mark: yes\n");
    print_text("null", look->null_text);
    print_choice("formula guard", &exportqueue__v1__formula_guard__descriptor,
                 (int)look->formula_guard, "FORMULA_GUARD_");
    print_choice("exact numbers", &exportqueue__v1__exact_numbers__descriptor,
                 (int)look->exact_numbers, "EXACT_NUMBERS_");
}

/* Only the host: the path may be what lets one in. */
static void print_webhook(const char *url)
{
    const char *begin = strstr(url, "://");
    begin = begin ? begin + 3 : url;
    struct str host = {begin, strcspn(begin, "/?#")};
    const char *at = memrchr(host.ptr, '@', host.len);
    if (at)
        host = (struct str){at + 1, host.len - (size_t)(at + 1 - host.ptr)};
    if (!str_is_empty(host))
        screen_print("webhook: %.*s\n", STR_ARG(host));
}

static void print_asked(const Exportqueue__V1__Job *job)
{
    for (size_t i = 0; i < job->n_filters; i++)
        print_filter(job->filters[i]);
    print_columns(job);
    if (job->limit)
        screen_print("limit: %lld\n", (long long)job->limit);
    if (job->presentation)
        print_presentation(job->presentation);
    print_webhook(job->webhook_url);
    print_text("request id", job->request_id);
}

/* ---- The whole ---- */

void cli_print_job(const Exportqueue__V1__Job *job)
{
    screen_print("id: %s\ntype: %s\nformat: %s\nowner: %s\nstate: %s\nattempt: %d of %d\n", job->id,
                 job->type, job->format, job->owner, cli_state_name(job->state), job->attempt,
                 job->max_attempts);
    print_asked(job);
    if (job->progress && !cli_is_final(job->state))
        screen_print("progress: %s, %lld rows\n", cli_phase_name(job->progress->phase),
                     (long long)job->progress->rows_done);
    if (job->error)
        screen_print("error: %s: %s\n", job->error->code, job->error->message);
    if (job->file)
        screen_print("file: %s\nsize: %lld bytes\nrows: %lld\nsha256: %s\n", job->file->name,
                     (long long)job->file->size, (long long)job->file->rows, job->file->sha256);
    if (job->warnings)
        print_warnings(job->warnings);
    print_time("created", job->created);
    print_time("started", job->started);
    print_time("completed", job->completed);
    print_time("next attempt", job->next_attempt);
    print_time("expires", job->expires);
}

/* Of a guard rail and the like the error's own words say what to do. */
static bool is_of_type_or_data(const Exportqueue__V1__JobError *error)
{
    enum err_code code = err_code_from_name(error->code);
    return code == ERR_SOURCE_SCHEMA || code == ERR_SOURCE_DATA;
}

int cli_job_exit(const Exportqueue__V1__Job *job)
{
    if (job->state == EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_COMPLETED ||
        job->state == EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_EXPIRED)
        return CLI_DONE;
    bool is_lasting = job->state == EXPORTQUEUE__V1__JOB_STATE__JOB_STATE_FAILED && job->error &&
                      !job->error->retryable;
    const char *reason = job->error ? job->error->message : "";
    const char *colon = job->error ? ": " : "";
    if (!is_lasting)
        screen_tell("job %s is %s%s%s; exportq retry %s runs it again", job->id,
                    cli_state_name(job->state), colon, reason, job->id);
    else
        screen_tell("job %s is %s%s%s%s", job->id, cli_state_name(job->state), colon, reason,
                    is_of_type_or_data(job->error)
                        ? "; the type's SQL or the data has to change, or it fails again"
                        : "");
    return CLI_JOB_FAILED;
}

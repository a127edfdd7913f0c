/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq create: asks for an export, and with --wait or -o stays until the file is there.
 */
#include "client/cli.h"
#include "client/filters.h"
#include "client/screen.h"

#include "base/buf.h"

enum {
    CREATE_FORMAT,
    CREATE_FILTER,
    CREATE_COLUMNS,
    CREATE_LIMIT,
    CREATE_LOCALE,
    CREATE_TIME_ZONE,
    CREATE_COMPRESS,
    CREATE_DELIMITER,
    CREATE_NEWLINE,
    CREATE_BOM,
    CREATE_NO_GUARD,
    CREATE_EXACT_NUMBERS,
    CREATE_DIALECT,
    CREATE_HEADER,
    CREATE_NULL,
    CREATE_PLACES,
    CREATE_REQUEST_ID,
    CREATE_WEBHOOK_URL,
    CREATE_WAIT,
    CREATE_OUTPUT,
    CREATE_FORCE,
    CREATE_COUNT
};

static const struct option create_options[CREATE_COUNT] = {
    [CREATE_FORMAT] = {"--format", 0, true},
    [CREATE_FILTER] = {"--filter", 0, true},
    [CREATE_COLUMNS] = {"--columns", 0, true},
    [CREATE_LIMIT] = {"--limit", 'n', true},
    [CREATE_LOCALE] = {"--locale", 0, true},
    [CREATE_TIME_ZONE] = {"--time-zone", 0, true},
    [CREATE_COMPRESS] = {"--compress", 0, true},
    [CREATE_DELIMITER] = {"--delimiter", 0, true},
    [CREATE_NEWLINE] = {"--newline", 0, true},
    [CREATE_BOM] = {"--bom", 0, false},
    [CREATE_NO_GUARD] = {"--no-formula-guard", 0, false},
    [CREATE_EXACT_NUMBERS] = {"--exact-numbers", 0, true},
    [CREATE_DIALECT] = {"--dialect", 0, true},
    [CREATE_HEADER] = {"--header", 0, true},
    [CREATE_NULL] = {"--null", 0, true},
    [CREATE_PLACES] = {"--places", 0, true},
    [CREATE_REQUEST_ID] = {"--request-id", 0, true},
    [CREATE_WEBHOOK_URL] = {"--webhook-url", 0, true},
    [CREATE_WAIT] = {"--wait", 'w', false},
    [CREATE_OUTPUT] = {"--output", 'o', true},
    [CREATE_FORCE] = {"--force", 'f', false},
};

struct create {
    Exportqueue__V1__CreateJobRequest request;
    Exportqueue__V1__Presentation presentation;
    Exportqueue__V1__Places places;
    struct filters filters;
    bool is_waiting;
    bool may_replace;
    const char *output;
};

/* The words an option takes, and what they stand for. */
struct word {
    int option;
    const char *text;
    int value;
};

static const struct word words[] = {
    {CREATE_COMPRESS, "none", EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_NONE},
    {CREATE_COMPRESS, "gzip", EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_GZIP},
    {CREATE_COMPRESS, "zstd", EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_ZSTD},
    {CREATE_NEWLINE, "lf", EXPORTQUEUE__V1__NEWLINE__NEWLINE_LF},
    {CREATE_NEWLINE, "crlf", EXPORTQUEUE__V1__NEWLINE__NEWLINE_CRLF},
    {CREATE_EXACT_NUMBERS, "number", EXPORTQUEUE__V1__EXACT_NUMBERS__EXACT_NUMBERS_NUMBER},
    {CREATE_EXACT_NUMBERS, "string", EXPORTQUEUE__V1__EXACT_NUMBERS__EXACT_NUMBERS_STRING},
    {CREATE_DIALECT, "excel", EXPORTQUEUE__V1__DIALECT__DIALECT_EXCEL},
    {CREATE_HEADER, "names", EXPORTQUEUE__V1__HEADER__HEADER_NAMES},
    {CREATE_HEADER, "titles", EXPORTQUEUE__V1__HEADER__HEADER_TITLES},
};

static bool find_word(int option, const char *text, int *out, struct err *err)
{
    struct buf accepted CLEANUP(buf_done);
    buf_init(&accepted, 256);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (words[i].option != option)
            continue;
        if (strcmp(words[i].text, text) == 0) {
            *out = words[i].value;
            return true;
        }
        buf_printf(&accepted, "%s%s", accepted.len ? ", " : "", words[i].text);
    }
    return err_set(err, ERR_INVALID, "%s is \"%s\"; it takes %s", create_options[option].name, text,
                   accepted.ptr);
}

static bool take_columns(struct cli *cli, const char *value,
                         Exportqueue__V1__CreateJobRequest *request)
{
    struct str rest = str_of(value);
    struct str name;
    request->columns = arena_alloc_array(&cli->arena, rest.len + 1, sizeof *request->columns);
    request->n_columns = 0;
    while (str_next(&rest, ',', &name))
        request->columns[request->n_columns++] = arena_copy_text(&cli->arena, str_trim(name));
    return true;
}

static bool take_limit(const char *value, int64_t *out, struct err *err)
{
    if (str_to_int64(str_of(value), out) && *out >= 1)
        return true;
    return err_set(err, ERR_INVALID, "--limit is \"%s\"; it takes a number of 1 or more", value);
}

static bool take_places(const char *value, struct create *create, struct err *err)
{
    enum { MOST = 15 };
    int64_t places = 0;
    if (!str_to_int64(str_of(value), &places) || places < 0 || places > MOST)
        return err_set(err, ERR_INVALID, "--places is \"%s\"; it takes a number from 0 to %d",
                       value, MOST);
    create->places.digits = (int32_t)places;
    create->presentation.places = &create->places;
    return true;
}

static bool take_word(int at, const char *value, Exportqueue__V1__Presentation *out,
                      struct err *err)
{
    int chosen = 0;
    if (!find_word(at, value, &chosen, err))
        return false;
    if (at == CREATE_COMPRESS)
        out->compression = (Exportqueue__V1__Compression)chosen;
    else if (at == CREATE_NEWLINE)
        out->newline = (Exportqueue__V1__Newline)chosen;
    else if (at == CREATE_EXACT_NUMBERS)
        out->exact_numbers = (Exportqueue__V1__ExactNumbers)chosen;
    else if (at == CREATE_HEADER)
        out->header = (Exportqueue__V1__Header)chosen;
    else
        out->dialect = (Exportqueue__V1__Dialect)chosen;
    return true;
}

/* Options that are a text of the request, by where it goes. */
static char **text_of(int at, struct create *create)
{
    switch (at) {
    case CREATE_FORMAT:
        return &create->request.format;
    case CREATE_LOCALE:
        return &create->presentation.locale;
    case CREATE_TIME_ZONE:
        return &create->presentation.time_zone;
    case CREATE_DELIMITER:
        return &create->presentation.delimiter;
    case CREATE_NULL:
        return &create->presentation.null_text;
    case CREATE_REQUEST_ID:
        return &create->request.request_id;
    case CREATE_WEBHOOK_URL:
        return &create->request.webhook_url;
    default:
        return NULL;
    }
}

static bool take_option(struct cli *cli, int at, const char *value, struct create *create,
                        struct err *err)
{
    char **text = text_of(at, create);
    if (text) {
        bool is_tab =
            at == CREATE_DELIMITER && (strcmp(value, "\\t") == 0 || strcmp(value, "tab") == 0);
        *text = (char *)(is_tab ? "\t" : value);
        return true;
    }
    switch (at) {
    case CREATE_FILTER:
        return filters_add(&create->filters, &cli->arena, value, err);
    case CREATE_COLUMNS:
        return take_columns(cli, value, &create->request);
    case CREATE_LIMIT:
        return take_limit(value, &create->request.limit, err);
    case CREATE_PLACES:
        return take_places(value, create, err);
    case CREATE_BOM:
        create->presentation.bom = true;
        return true;
    case CREATE_NO_GUARD:
        create->presentation.formula_guard = EXPORTQUEUE__V1__FORMULA_GUARD__FORMULA_GUARD_OFF;
        return true;
    case CREATE_WAIT:
        create->is_waiting = true;
        return true;
    case CREATE_OUTPUT:
        create->output = value;
        create->is_waiting = true;
        return true;
    case CREATE_FORCE:
        create->may_replace = true;
        return true;
    default:
        return take_word(at, value, &create->presentation, err);
    }
}

/* Whether the text ends in the extension; if so, it is cut off. */
static bool cut_extension(struct str *text, const char *extension)
{
    size_t len = strlen(extension);
    if (text->len <= len || memcmp(text->ptr + text->len - len, extension, len) != 0)
        return false;
    text->len -= len;
    return true;
}

/* An ending such as .pdf asks for what does not come. */
static void tell_ending(struct str path)
{
    const char *slash = memrchr(path.ptr, '/', path.len);
    const char *begin = slash ? slash + 1 : path.ptr;
    struct str name = {begin, path.len - (size_t)(begin - path.ptr)};
    const char *dot = memrchr(name.ptr, '.', name.len);
    if (dot && dot > name.ptr)
        screen_tell("%.*s is going to be csv; --format csv, json, ndjson or xlsx says otherwise",
                    STR_ARG(name));
}

/* A file called trades.csv.gz is to be gzip and csv, unless asked for otherwise. */
static void heed_extension(struct create *create)
{
    static const struct {
        const char *extension;
        Exportqueue__V1__Compression compression;
    } compressions[] = {
        {".gz", EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_GZIP},
        {".zst", EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_ZSTD},
    };
    static const char *const formats[] = {".csv", ".json", ".ndjson", ".xlsx"};
    struct str name = str_of(create->output);
    for (size_t i = 0; i < COUNT_OF(compressions); i++)
        if (cut_extension(&name, compressions[i].extension) &&
            create->presentation.compression ==
                EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_UNSPECIFIED)
            create->presentation.compression = compressions[i].compression;
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (str_is_empty(str_of(create->request.format)) && cut_extension(&name, formats[i]))
            create->request.format = (char *)formats[i] + 1;
    if (str_is_empty(str_of(create->request.format)))
        tell_ending(name);
}

static bool read_arguments(struct cli *cli, struct create *create, struct err *err)
{
    struct options options = {
        .table = create_options, .count = CREATE_COUNT, .argc = cli->argc, .argv = cli->argv};
    const char *type = NULL;
    const char *value = NULL;
    int at = 0;
    filters_init(&create->filters, &cli->arena, (size_t)cli->argc);
    while ((at = options_next(&options, &value, err)) != OPTIONS_END) {
        if (at == OPTIONS_BAD)
            return false;
        if (at == OPTIONS_WORD && type)
            return err_set(err, ERR_INVALID, "one type is needed, and %s is another", value);
        if (at == OPTIONS_WORD)
            type = value;
        else if (!take_option(cli, at, value, create, err))
            return false;
    }
    if (!type)
        return err_set(err, ERR_INVALID, "the type is missing; exportq types lists all");
    if (create->output)
        heed_extension(create);
    create->request.type = (char *)type;
    create->request.filters = create->filters.list;
    create->request.n_filters = create->filters.count;
    create->request.presentation = &create->presentation;
    return true;
}

/* Whatever fails later: the job is there. Passes the status on. */
static int say_how_to_go_on(const char *id, int status)
{
    screen_tell("job %s was created; exportq get %s shows it, exportq download %s takes its file",
                id, id, id);
    return status;
}

/* Waits, saves if asked to, and shows the job unless its file went to standard output. */
static int see_through(struct cli *cli, const struct create *create, const char *id)
{
    Exportqueue__V1__GetJobResponse *response = NULL;
    screen_tell("created job %s", id);
    int status = cli_wait(cli, id, &response);
    if (status == CLI_REFUSED)
        return say_how_to_go_on(id, status);
    if (status != CLI_DONE)
        return status; /* and the next step was told */
    bool is_stdout = create->output && strcmp(create->output, "-") == 0;
    if (!is_stdout && cli->is_json)
        cli_print_json(&response->base, false);
    else if (!is_stdout)
        cli_print_job(response->job);
    status = cli_job_exit(response->job);
    if (status != CLI_DONE || !create->output)
        return status;
    status = cli_save(cli, id, create->output, create->may_replace);
    bool is_told = status == CLI_DONE || status == CLI_INTERRUPTED;
    return is_told ? status : say_how_to_go_on(id, status);
}

int cli_create(struct cli *cli)
{
    struct create create = {.request = EXPORTQUEUE__V1__CREATE_JOB_REQUEST__INIT,
                            .presentation = EXPORTQUEUE__V1__PRESENTATION__INIT,
                            .places = EXPORTQUEUE__V1__PLACES__INIT};
    struct err err = {0};
    Exportqueue__V1__CreateJobResponse *response = NULL;
    if (!read_arguments(cli, &create, &err))
        return cli_usage("create", "%s", err.text);
    if (create.output && !cli_may_write(create.output, create.may_replace, &err))
        return cli_misplaced(&err);
    if (!exportq_create(cli->exportq, &create.request, &cli->arena, &response, &err))
        return cli_fail(cli, &err);
    if (create.is_waiting)
        return see_through(cli, &create, response->job->id);
    if (cli->is_json)
        cli_print_json(&response->base, false);
    else
        cli_print_job(response->job);
    if (!screen_flush())
        return say_how_to_go_on(response->job->id, CLI_JOB_FAILED);
    if (!cli->is_json)
        screen_tell("exportq watch %s waits for its end; exportq download %s then takes the file",
                    response->job->id, response->job->id);
    return CLI_DONE;
}

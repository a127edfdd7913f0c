/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_create.h. A member of params that is not said (null, "", an empty list) does not filter:
 * so forms send what is left blank.
 */
#include "server/http_create.h"

#include "base/utf8.h"
#include "server/http_field.h"

#include <inttypes.h>
#include <jansson.h>

typedef Exportqueue__V1__CreateJobRequest request_t;
typedef Exportqueue__V1__Presentation presentation_t;

enum { MEMBERS_MAX = 16, NAME_MAX_BYTES = 40 };

static bool refuse(const char *field, const char *wanted, struct err *err)
{
    return err_set_field(err, field, "%s has to be %s", field, wanted);
}

static char *copy(struct arena *arena, const json_t *text)
{
    return arena_copy_text(arena, (struct str){json_string_value(text), json_string_length(text)});
}

/* Unset, or a text. */
static bool take_text(const json_t *object, const char *name, struct arena *arena, char **out,
                      struct err *err)
{
    const json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return refuse(name, "a text", err);
    *out = copy(arena, value);
    return true;
}

static bool take_flag(const json_t *object, const char *name, protobuf_c_boolean *out,
                      struct err *err)
{
    const json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_boolean(value))
        return refuse(name, "true or false", err);
    *out = json_is_true(value);
    return true;
}

/* A word, which stands for a number of an enum. */
struct word {
    const char *name;
    const char *text;
    int value;
};

static bool take_word(const json_t *object, const char *name, const struct word *words, int *out,
                      struct err *err)
{
    const json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value))
        return true;
    char known[ERR_TEXT_SIZE / 2] = "";
    size_t len = 0;
    for (; words->name; words++) {
        if (!str_equal(str_of(words->name), str_of(name)))
            continue;
        if (str_equal(str_of(words->text), str_of(json_string_value(value)))) {
            *out = words->value;
            return true;
        }
        len += (size_t)snprintf(known + len, sizeof known - len, "%s\"%s\"", len ? ", " : "",
                                words->text);
    }
    return refuse(name, known, err);
}

static const struct word presentation_words[] = {
    {"compression", "none", EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_UNSPECIFIED},
    {"compression", "gzip", EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_GZIP},
    {"compression", "zstd", EXPORTQUEUE__V1__COMPRESSION__COMPRESSION_ZSTD},
    {"newline", "lf", EXPORTQUEUE__V1__NEWLINE__NEWLINE_LF},
    {"newline", "crlf", EXPORTQUEUE__V1__NEWLINE__NEWLINE_CRLF},
    {"dialect", "rfc4180", EXPORTQUEUE__V1__DIALECT__DIALECT_UNSPECIFIED},
    {"dialect", "excel", EXPORTQUEUE__V1__DIALECT__DIALECT_EXCEL},
    {"header", "names", EXPORTQUEUE__V1__HEADER__HEADER_NAMES},
    {"header", "titles", EXPORTQUEUE__V1__HEADER__HEADER_TITLES},
    {"exactNumbers", "number", EXPORTQUEUE__V1__EXACT_NUMBERS__EXACT_NUMBERS_UNSPECIFIED},
    {"exactNumbers", "string", EXPORTQUEUE__V1__EXACT_NUMBERS__EXACT_NUMBERS_STRING},
    {NULL, NULL, 0},
};

static bool take_places(const json_t *object, struct arena *arena, presentation_t *out,
                        struct err *err)
{
    static const Exportqueue__V1__Places initial = EXPORTQUEUE__V1__PLACES__INIT;
    const json_t *value = json_object_get(object, "places");
    if (!value || json_is_null(value))
        return true;
    json_int_t digits = json_integer_value(value);
    if (!json_is_integer(value) || digits < INT32_MIN || digits > INT32_MAX)
        return refuse("places", "a whole number", err);
    out->places = arena_alloc(arena, sizeof *out->places);
    *out->places = initial;
    out->places->digits = (int32_t)digits;
    return true;
}

static bool take_guard(const json_t *object, presentation_t *out, struct err *err)
{
    protobuf_c_boolean is_guarded = 1;
    if (!take_flag(object, "formulaGuard", &is_guarded, err))
        return false;
    out->formula_guard = is_guarded ? EXPORTQUEUE__V1__FORMULA_GUARD__FORMULA_GUARD_UNSPECIFIED
                                    : EXPORTQUEUE__V1__FORMULA_GUARD__FORMULA_GUARD_OFF;
    return true;
}

/* Each word's number, as protobuf-c has its enums. */
static bool take_presentation_words(const json_t *object, presentation_t *out, struct err *err)
{
    int compression = 0;
    int newline = 0;
    int dialect = 0;
    int header = 0;
    int exact = 0;
    if (!take_word(object, "compression", presentation_words, &compression, err) ||
        !take_word(object, "newline", presentation_words, &newline, err) ||
        !take_word(object, "dialect", presentation_words, &dialect, err) ||
        !take_word(object, "header", presentation_words, &header, err) ||
        !take_word(object, "exactNumbers", presentation_words, &exact, err))
        return false;
    out->compression = (Exportqueue__V1__Compression)compression;
    out->newline = (Exportqueue__V1__Newline)newline;
    out->dialect = (Exportqueue__V1__Dialect)dialect;
    out->header = (Exportqueue__V1__Header)header;
    out->exact_numbers = (Exportqueue__V1__ExactNumbers)exact;
    return true;
}

/* The members that an object may have. */
struct members {
    const char *prefix;             /* "presentation."; of the body it is empty */
    const char *advice;             /* what else there is to know */
    const char *names[MEMBERS_MAX]; /* NULL at the end */
};

static bool refuse_member(const struct members *members, const char *name, struct err *err)
{
    char known[ERR_TEXT_SIZE / 2] = "";
    char field[ERR_FIELD_SIZE];
    size_t len = 0;
    for (size_t i = 0; members->names[i]; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "",
                                members->names[i]);
    (void)snprintf(field, sizeof field, "%s%.*s", members->prefix,
                   STR_ARG(utf8_cut(str_of(name), NAME_MAX_BYTES)));
    return err_set_field(err, field, "there is no member \"%s\"; there are %s%s", field, known,
                         members->advice);
}

static bool check_members(const json_t *object, const struct members *members, struct err *err)
{
    void *iter = json_object_iter((json_t *)object);
    for (; iter; iter = json_object_iter_next((json_t *)object, iter)) {
        size_t i = 0;
        const char *name = json_object_iter_key(iter);
        while (members->names[i] && !str_equal(str_of(members->names[i]), str_of(name)))
            i++;
        if (!members->names[i])
            return refuse_member(members, name, err);
    }
    return true;
}

static bool take_presentation_members(const json_t *object, struct arena *arena, request_t *out,
                                      struct err *err)
{
    static const presentation_t initial = EXPORTQUEUE__V1__PRESENTATION__INIT;
    presentation_t *wanted = arena_alloc(arena, sizeof *wanted);
    *wanted = initial;
    out->presentation = wanted;
    return take_text(object, "locale", arena, &wanted->locale, err) &&
           take_text(object, "timeZone", arena, &wanted->time_zone, err) &&
           take_text(object, "delimiter", arena, &wanted->delimiter, err) &&
           take_text(object, "nullText", arena, &wanted->null_text, err) &&
           take_flag(object, "bom", &wanted->bom, err) && take_places(object, arena, wanted, err) &&
           take_guard(object, wanted, err) && take_presentation_words(object, wanted, err);
}

static bool take_presentation(const json_t *root, struct arena *arena, request_t *out,
                              struct err *err)
{
    static const struct members members = {"presentation.",
                                           "",
                                           {"locale", "timeZone", "delimiter", "bom", "newline",
                                            "dialect", "header", "compression", "exactNumbers",
                                            "nullText", "places", "formulaGuard"}};
    const json_t *object = json_object_get(root, "presentation");
    if (!object || json_is_null(object))
        return true;
    if (!json_is_object(object))
        return refuse("presentation", "an object", err);
    if (!check_members(object, &members, err))
        return false;
    if (take_presentation_members(object, arena, out, err))
        return true;
    http_field_prefix(err, "presentation.");
    return false;
}

/* ---- params ---- */

/* The text of a single value; NULL: it is of no kind that can be one. */
static char *text_of(const json_t *value, struct arena *arena)
{
    if (json_is_string(value))
        return copy(arena, value);
    if (json_is_integer(value))
        return (char *)arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)).ptr;
    if (json_is_real(value))
        return (char *)arena_printf(arena, "%.17g", json_real_value(value)).ptr;
    if (json_is_boolean(value))
        return arena_copy_text(arena, json_is_true(value) ? STR("true") : STR("false"));
    return NULL;
}

/* The values of a list, or the single one. */
static bool read_values(const json_t *value, const char *field, struct arena *arena, char ***out,
                        size_t *out_count, struct err *err)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    char **texts = arena_alloc_array(arena, count, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        texts[i] = text_of(json_is_array(value) ? json_array_get(value, i) : value, arena);
        if (!texts[i])
            return refuse(field, "a text, a number, true, false, or a list of those", err);
    }
    *out = texts;
    *out_count = count;
    return true;
}

static bool is_blank(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

static bool take_limit(const json_t *value, request_t *out, struct err *err)
{
    int64_t limit = 0;
    if (json_is_integer(value))
        limit = json_integer_value(value);
    else if (!json_is_string(value) || !str_to_int64(str_of(json_string_value(value)), &limit))
        return refuse("params.limit", "a whole number", err);
    if (limit < 1)
        return err_set_field(err, "params.limit",
                             "the limit is %" PRId64 "; give 1 or more, or none", limit);
    out->limit = limit;
    return true;
}

static bool take_filter(const char *name, const json_t *value, struct arena *arena, request_t *out,
                        struct err *err)
{
    static const Exportqueue__V1__Filter initial = EXPORTQUEUE__V1__FILTER__INIT;
    char field[ERR_FIELD_SIZE];
    Exportqueue__V1__Filter *filter = arena_alloc(arena, sizeof *filter);
    *filter = initial;
    filter->name = arena_copy_text(arena, str_of(name));
    http_field_of_param(name, field);
    out->filters[out->n_filters++] = filter;
    return read_values(value, field, arena, &filter->values, &filter->n_values, err);
}

static bool take_param(const char *name, const json_t *value, struct arena *arena, request_t *out,
                       struct err *err)
{
    if (is_blank(value))
        return true;
    if (str_equal(str_of(name), STR("limit")))
        return take_limit(value, out, err);
    if (str_equal(str_of(name), STR("selectedColumns")))
        return read_values(value, "params.selectedColumns", arena, &out->columns, &out->n_columns,
                           err);
    return take_filter(name, value, arena, out, err);
}

static bool take_params(const json_t *root, struct arena *arena, request_t *out, struct err *err)
{
    json_t *params = json_object_get(root, "params");
    if (!params || json_is_null(params))
        return true;
    if (!json_is_object(params))
        return refuse("params", "an object", err);
    out->filters = arena_alloc_array(arena, json_object_size(params), sizeof(void *));
    const char *name;
    json_t *value;
    json_object_foreach(params, name,
                        value) if (!take_param(name, value, arena, out, err)) return false;
    return true;
}

static bool take_all(const json_t *root, struct arena *arena, request_t *out, struct err *err)
{
    static const struct members members = {
        "",
        "; filters, limit and selectedColumns go into params, a request id into the header "
        "X-Request-Id",
        {"type", "format", "params", "presentation", "webhookUrl"}};
    if (!json_is_object(root))
        return err_set(err, ERR_INVALID,
                       "the body has to be an object, such as {\"type\": "
                       "\"trades\", \"format\": \"csv\", \"params\": {}}");
    return check_members(root, &members, err) && take_text(root, "type", arena, &out->type, err) &&
           take_text(root, "format", arena, &out->format, err) &&
           take_text(root, "webhookUrl", arena, &out->webhook_url, err) &&
           take_params(root, arena, out, err) && take_presentation(root, arena, out, err);
}

bool http_create_read(struct str body, struct arena *arena, request_t **out, struct err *err)
{
    static const request_t initial = EXPORTQUEUE__V1__CREATE_JOB_REQUEST__INIT;
    json_error_t why;
    json_t *root = json_loadb(body.len ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return err_set(err, ERR_INVALID, "the body is no JSON: line %d, column %d", why.line,
                       why.column);
    *out = arena_alloc(arena, sizeof **out);
    **out = initial;
    bool is_read = take_all(root, arena, *out, err);
    json_decref(root);
    return is_read;
}

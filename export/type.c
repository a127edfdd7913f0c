/* SPDX-License-Identifier: Apache-2.0
 *
 * See type.h. All views of a type point into one copy of the file's text, whose end is the SELECT.
 */
#include "export/type.h"

#include "base/utf8.h"
#include "export/type_header.h"

static const char *const filter_type_names[FILTER_TYPE_COUNT] = {
    [FILTER_TEXT] = "text",           [FILTER_TEXT_LIST] = "text[]", [FILTER_INTEGER] = "integer",
    [FILTER_NUMBER] = "number",       [FILTER_BOOLEAN] = "boolean",  [FILTER_DATE] = "date",
    [FILTER_TIMESTAMP] = "timestamp", [FILTER_ENUM] = "enum",
};

bool export_type_refuse_va(struct str name, unsigned line, struct err *err, const char *format,
                           va_list values)
{
    char reason[ERR_TEXT_SIZE];
    (void)vsnprintf(reason, sizeof reason, format, values);
    return err_set(err, ERR_INVALID, "%.*s.sql:%u: %s", STR_ARG(name), line, reason);
}

bool export_type_refuse(struct str name, unsigned line, struct err *err, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)export_type_refuse_va(name, line, err, format, values);
    va_end(values);
    return false;
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool export_type_name_is_legal(struct str name)
{
    if (name.len == 0 || name.len > EXPORT_TYPE_MAX_NAME ||
        (name.ptr[0] >= '0' && name.ptr[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_word_char(name.ptr[i]))
            return false;
    }
    return true;
}

/* The file is text that can be shown: not too much of it, UTF-8, no NUL. */
static bool check_text(struct str name, struct str text, struct err *err)
{
    if (text.len > EXPORT_TYPE_MAX_BYTES) {
        return export_type_refuse(name, 1, err, "the file is larger than %d KiB",
                                  EXPORT_TYPE_MAX_BYTES / 1024);
    }
    size_t good = text.len ? utf8_valid_prefix(text.ptr, text.len) : 0;
    good = str_find((struct str){text.ptr, good}, '\0');
    if (good == text.len)
        return true;
    unsigned line = 1;
    for (size_t i = 0; i < good; i++)
        line += text.ptr[i] == '\n';
    return export_type_refuse(name, line, err, "a byte that is not UTF-8 text");
}

bool export_type_parse(struct str name, struct str text, struct arena *arena,
                       struct export_type *out, struct err *err)
{
    if (!export_type_name_is_legal(name)) {
        return export_type_refuse(
            name, 1, err,
            "the file's name is no type name: begin with a letter or _, go on "
            "with letters, digits and _, at most %d",
            EXPORT_TYPE_MAX_NAME);
    }
    if (!check_text(name, text, err))
        return false;
    struct str rest = arena_copy_str(arena, text);
    if (str_starts_with(rest, STR("\xEF\xBB\xBF")))
        rest = (struct str){rest.ptr + 3, rest.len - 3};
    struct type_header header;
    if (!type_header_read(name, &rest, arena, &header, err))
        return false;
    if (rest.len == 0) {
        return export_type_refuse(name, header.end_line, err,
                                  "there is no SELECT after the header");
    }
    *out = (struct export_type){
        .name = arena_copy_str(arena, name),
        .title = header.title,
        .sql = rest,
        .sql_line = header.end_line,
        .is_shared = header.is_shared,
        .filters = header.filters,
        .filter_count = header.filter_count,
        .notes = header.notes,
        .note_count = header.note_count,
    };
    return true;
}

const char *filter_type_name(enum filter_type type)
{
    return filter_type_names[type];
}

const struct filter *export_type_filter(const struct export_type *type, struct str name)
{
    for (size_t i = 0; i < type->filter_count; i++) {
        if (str_equal(type->filters[i].name, name))
            return &type->filters[i];
    }
    return NULL;
}

const struct column *export_type_column(const struct export_type *type, struct str name)
{
    for (size_t i = 0; i < type->column_count; i++) {
        if (str_equal(type->columns[i].name, name))
            return &type->columns[i];
    }
    return NULL;
}

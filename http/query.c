/* SPDX-License-Identifier: Apache-2.0
 *
 * See query.h.
 */
#include "http/query.h"

#include "base/utf8.h"

bool query_is_clean(struct str text)
{
    return !http_call_has_control(text) && utf8_valid_prefix(text.ptr, text.len) == text.len;
}

static enum MHD_Result check_argument(void *data, enum MHD_ValueKind kind, const char *key,
                                      size_t key_len, const char *value, size_t value_len)
{
    bool *is_good = data;
    (void)kind;
    *is_good = *is_good && query_is_clean((struct str){key, key_len}) &&
               query_is_clean((struct str){value, value ? value_len : 0});
    return MHD_YES;
}

struct unknown_argument {
    struct str known; /* as http_route.query */
    struct str name;
    bool is_there;
};

static bool is_listed(struct str list, struct str name)
{
    struct str each;
    while (str_next(&list, ',', &each))
        if (str_equal(str_trim(each), name))
            return true;
    return false;
}

static enum MHD_Result find_unknown(void *data, enum MHD_ValueKind kind, const char *key,
                                    size_t key_len, const char *value, size_t value_len)
{
    struct unknown_argument *unknown = data;
    struct str name = {key, key_len};
    (void)kind;
    (void)value;
    (void)value_len;
    if (!unknown->is_there && !is_listed(unknown->known, name)) {
        unknown->is_there = true;
        unknown->name = utf8_cut(name, ERR_FIELD_SIZE - 1);
    }
    return MHD_YES;
}

bool query_check(struct http_call *call, struct err *err)
{
    struct unknown_argument unknown = {.known = str_of(call->match.route->query)};
    bool is_good = true;
    (void)MHD_get_connection_values_n(call->connection, MHD_GET_ARGUMENT_KIND, check_argument,
                                      &is_good);
    if (!is_good)
        return err_set(err, ERR_INVALID, "the query holds control characters, or is not UTF-8");
    if (!call->match.route->query)
        return true;
    (void)MHD_get_connection_values_n(call->connection, MHD_GET_ARGUMENT_KIND, find_unknown,
                                      &unknown);
    if (!unknown.is_there)
        return true;
    return err_set_field(err, arena_copy_text(&call->arena, unknown.name),
                         "there is no argument \"%.*s\" here; this path takes %s",
                         STR_ARG(unknown.name),
                         unknown.known.len ? call->match.route->query : "none");
}

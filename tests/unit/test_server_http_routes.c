/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenAPI document names each route of the browser's door, and no other.
 */
#include "openapi.h"
#include "server/http_door.h"

#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static json_t *document;

static int read_document(void **state)
{
    (void)state;
    json_error_t why;
    document = json_loadb((const char *)openapi, openapi_size, JSON_REJECT_DUPLICATES, &why);
    if (!document)
        print_error("line %d: %s\n", why.line, why.text);
    return document ? 0 : -1;
}

static int forget_document(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

static const json_t *operation_of(const struct http_route *route)
{
    char method[16] = "";
    for (size_t i = 0; route->method[i]; i++)
        method[i] = (char)tolower(route->method[i]);
    return json_object_get(json_object_get(json_object_get(document, "paths"), route->path),
                           method);
}

static void each_route_is_described(void **state)
{
    (void)state;
    size_t count = 0;
    const struct http_route *routes = http_door_routes(&count);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        const json_t *operation = operation_of(&routes[i]);
        if (!operation)
            fail_msg("the document lacks %s %s", routes[i].method, routes[i].path);
        assert_non_null(json_object_get(operation, "responses"));
        assert_non_null(json_object_get(operation, "summary"));
    }
}

static void nothing_is_described_that_is_not_there(void **state)
{
    (void)state;
    size_t count = 0;
    size_t described = 0;
    const char *path;
    json_t *item;
    (void)http_door_routes(&count);
    json_object_foreach(json_object_get(document, "paths"), path, item) described +=
        json_object_size(item);
    assert_int_equal(count, described);
}

/* "#/components/schemas/Job" and the like. */
static void check_reference(const char *text)
{
    struct str path = str_of(text);
    struct str part;
    const json_t *at = document;
    assert_true(str_next(&path, '/', &part) && str_equal(part, STR("#")));
    while (str_next(&path, '/', &part))
        at = json_object_getn(at, part.ptr, part.len);
    if (!at)
        fail_msg("the document lacks %s", text);
}

static void check_references(const json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)json, key, value)
    {
        if (str_equal(str_of(key), STR("$ref")))
            check_reference(json_string_value(value));
        check_references(value);
    }
    json_array_foreach(json, i, value) check_references(value);
}

static void each_reference_leads_somewhere(void **state)
{
    (void)state;
    check_references(document);
}

/* With the code that HTTP has for it. */
static void each_code_that_a_call_may_be_refused_with_is_listed(void **state)
{
    (void)state;
    const json_t *error = json_object_get(json_object_get(document, "components"), "schemas");
    const char *const path[] = {"Error", "properties", "error", "properties", "code", "enum"};
    for (size_t i = 0; i < COUNT_OF(path); i++)
        error = json_object_get(error, path[i]);
    for (int code = ERR_INVALID; code <= ERR_INTERNAL; code++) {
        const char *name = code == ERR_LIMIT ? "RATE_LIMIT" : err_code_name((enum err_code)code);
        size_t i = 0;
        while (i < json_array_size(error) &&
               !str_equal(str_of(json_string_value(json_array_get(error, i))), str_of(name)))
            i++;
        if (code != ERR_CANCELLED && i == json_array_size(error)) /* then nobody is there */
            fail_msg("the document lacks the code %s", name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_route_is_described),
        cmocka_unit_test(nothing_is_described_that_is_not_there),
        cmocka_unit_test(each_reference_leads_somewhere),
        cmocka_unit_test(each_code_that_a_call_may_be_refused_with_is_listed),
    };
    return cmocka_run_group_tests(tests, read_document, forget_document);
}

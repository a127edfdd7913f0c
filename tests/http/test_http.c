/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests and whole answers.
 */
#include "tests/http/http_kit.h"

static struct http_kit kit;

static void tell_part(void *data, struct http_call *call)
{
    (void)data;
    struct str id = http_part(call, "id");
    struct str wanted = {0};
    bool has_wanted = http_query(call, "wanted", &wanted);
    struct str text =
        arena_printf(http_arena(call), "id=%.*s wanted=%d:%.*s route=%s peer=%.*s", STR_ARG(id),
                     has_wanted, STR_ARG(wanted), http_route_path(call), STR_ARG(http_peer(call)));
    http_reply(call, 200, "text/plain", text);
}

static void echo(void *data, struct http_call *call)
{
    (void)data;
    http_add_field(call, "X-Said", http_field(call, "x-said"));
    http_reply(call, 202, "application/octet-stream", http_body(call));
}

static void split_header(void *data, struct http_call *call)
{
    (void)data;
    http_add_field(call, "X-Bad", STR("a\r\nX-Injected: yes"));
    http_add_field(call, "X-Good", STR("b"));
    http_reply(call, 200, NULL, (struct str){0});
}

static const struct http_route routes[] = {
    {"GET", "/things/{id}", tell_part, "other, wanted"},
    {"POST", "/things/{id}", echo, NULL},
    {"POST", "/echo", echo, NULL},
    {"GET", "/split", split_header, ""},
};

static int start(void **state)
{
    (void)state;
    kit_start(&kit, (struct http_server_options){
                        .routes = routes, .route_count = COUNT_OF(routes), .max_body_bytes = 1000});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_server_free(kit.server);
    return 0;
}

static void a_route_gets_its_parts_and_arguments(void **state)
{
    (void)state;
    const char *answer = kit_get(&kit, "GET /things/a%20b?wanted=x%26y%C3%A4");
    assert_has(answer, "HTTP/1.1 200 OK\r\n");
    assert_has(answer, "\r\n\r\nid=a b wanted=1:x&y\xc3\xa4 route=/things/{id} peer=127.0.0.1");
    assert_has(kit_get(&kit, "GET /things/7"), "id=7 wanted=0: ");
}

static void an_argument_that_a_route_does_not_take_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        const char *answer;
    } rows[] = {
        {"GET /things/1?other=1&wanted=2", "200 OK"},
        {"GET /things/1?wanted=2&Wanted=3",
         "no argument \"Wanted\" here; this path takes other, wanted"},
        {"GET /things/1?wan", "no argument \"wan\" here"},
        {"GET /things/1?=2", "no argument \"\" here"},
        {"HEAD /things/1?more=1", "HTTP/1.1 400 Bad Request"},
        {"GET /split?x", "no argument \"x\" here; this path takes none"},
        {"GET /split?", "200 OK"},
        {"POST /things/1?any=thing", "202 Accepted"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_has(kit_get(&kit, rows[i].call), rows[i].answer);
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {"GET /",          "GET /things",     "GET /things/",
                                        "GET /things/1/", "GET /things/1/2", "GET //things/1",
                                        "DELETE /nothing"};
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        assert_has(kit_get(&kit, paths[i]), "HTTP/1.1 404 Not Found\r\n");
}

static void another_method_is_told_which_there_are(void **state)
{
    (void)state;
    const char *answer = kit_get(&kit, "DELETE /things/1");
    assert_has(answer, "HTTP/1.1 501");
    assert_has(answer, "Allow: GET, HEAD, POST\r\n");
}

static void head_answers_as_get_without_a_body(void **state)
{
    (void)state;
    const char *answer = kit_get(&kit, "HEAD /things/7");
    assert_has(answer, "HTTP/1.1 200 OK\r\n");
    assert_has(answer, "Content-Length: ");
    assert_has_no(answer, "id=7");
}

static void a_body_is_whole_when_its_handler_runs(void **state)
{
    (void)state;
    int fd = kit_connect(&kit);
    kit_say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nX-SAID: hello\r\nTransfer-Encoding: chunked\r\n"
                "Connection: close\r\n\r\n3\r\nabc\r\n");
    kit_say(fd, "4\r\ndefg\r\n0\r\n\r\n");
    const char *answer = kit_read_until(&kit, fd, "abcdefg");
    assert_has(answer, "HTTP/1.1 202 Accepted\r\n");
    assert_has(answer, "X-Said: hello\r\n");
    assert_has(answer, "\r\n\r\nabcdefg");
    (void)close(fd);
}

static void a_body_that_is_too_large_is_refused(void **state)
{
    (void)state;
    static char request[8192];
    (void)snprintf(request, sizeof request,
                   "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001"
                   "\r\nConnection: close\r\n\r\n%1001d",
                   7);
    assert_has(kit_ask(&kit, request), "HTTP/1.1 413 ");
    (void)snprintf(request, sizeof request,
                   "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                   "chunked\r\nConnection: close\r\n\r\n3e9\r\n%1001d\r\n"
                   "0\r\n\r\n",
                   7);
    assert_has(kit_ask(&kit, request), "HTTP/1.1 413 ");
    (void)snprintf(request, sizeof request,
                   "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000"
                   "\r\nConnection: close\r\n\r\n%1000d",
                   7);
    assert_has(kit_ask(&kit, request), "HTTP/1.1 202 ");
}

static void damaged_texts_in_a_url_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {"GET /things/a%0Ab", "GET /things/%FF",
                                        "GET /things/1?wanted=%01", "GET /things/1?wanted=%C0%AF",
                                        "GET /things/1?%0d=1"};
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        assert_has(kit_get(&kit, paths[i]), "HTTP/1.1 400 ");
}

static void headers_without_end_are_refused(void **state)
{
    (void)state;
    static char request[70000];
    (void)snprintf(request, sizeof request,
                   "GET /things/1 HTTP/1.1\r\nHost: a\r\nX-Long: %060000d"
                   "\r\n\r\n",
                   7);
    assert_has(kit_ask(&kit, request), "HTTP/1.1 431 ");
}

static void no_value_splits_a_header(void **state)
{
    (void)state;
    const char *answer = kit_get(&kit, "GET /split");
    assert_has_no(answer, "X-Injected");
    assert_has(answer, "X-Good: b\r\n");
}

static void calls_of_a_connection_come_one_after_the_other(void **state)
{
    (void)state;
    int fd = kit_connect(&kit);
    kit_say(fd, "GET /things/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /things/2 HTTP/1.1\r\nHost: a\r\n\r\n"
                "POST /things/3 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nlast");
    const char *answer = kit_read_until(&kit, fd, "last");
    assert_has(answer, "id=1 ");
    assert_has(strstr(answer, "id=1 "), "id=2 ");
    assert_has(strstr(answer, "id=2 "), "last");
    (void)close(fd);
}

static void routes_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct http_route bad[] = {{"GET", "things", echo, NULL},
                                            {"GET", "/{}", echo, NULL},
                                            {"GET", "/{a", echo, NULL},
                                            {"GET", "/a", NULL, NULL},
                                            {"GET", "/{a}/{b}/{c}/{d}/{e}", echo, NULL}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const struct http_server_options options = {
            .listen = "127.0.0.1:0", .refuse = kit_refuse, .routes = &bad[i], .route_count = 1};
        struct http_server *server = NULL;
        struct err err = {0};
        assert_false(http_server_new(&options, &server, &err));
        assert_int_equal(ERR_INVALID, err.code);
    }
}

static void an_address_that_is_taken_is_named(void **state)
{
    (void)state;
    char address[32];
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", http_server_port(kit.server));
    const struct http_server_options options = {.listen = address, .refuse = kit_refuse};
    struct http_server *server = NULL;
    struct err err = {0};
    assert_true(http_server_new(&options, &server, &err));
    assert_false(http_server_start(server, &err));
    assert_int_equal(ERR_UNAVAILABLE, err.code);
    assert_has(err.text, address);
    http_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_gets_its_parts_and_arguments),
        cmocka_unit_test(an_argument_that_a_route_does_not_take_is_refused),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(another_method_is_told_which_there_are),
        cmocka_unit_test(head_answers_as_get_without_a_body),
        cmocka_unit_test(a_body_is_whole_when_its_handler_runs),
        cmocka_unit_test(a_body_that_is_too_large_is_refused),
        cmocka_unit_test(damaged_texts_in_a_url_are_refused),
        cmocka_unit_test(headers_without_end_are_refused),
        cmocka_unit_test(no_value_splits_a_header),
        cmocka_unit_test(calls_of_a_connection_come_one_after_the_other),
        cmocka_unit_test(routes_that_make_no_sense_are_refused),
        cmocka_unit_test(an_address_that_is_taken_is_named),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_page.h.
 */
#include "server/http_page.h"

#include "exports_css.h"
#include "exports_html.h"
#include "exports_js.h"
#include "openapi.h"
#include "server/http_answer.h"
#include "server/http_enter.h"

/* Answers with an embedded file, to everybody. */
static void show(const struct http_door *door, struct http_call *call, const char *content_type,
                 struct str bytes)
{
    const struct caller nobody = {.is_admin = false};
    struct err err = {0};
    http_answer_secure(call, door->has_tls);
    if (http_guard_check(door, call, &err))
        http_reply(call, 200, content_type, bytes);
    else
        http_fail(door, call, &nobody, (struct str){0}, &err);
}

void http_openapi(void *data, struct http_call *call)
{
    show(data, call, "application/json", (struct str){(const char *)openapi, openapi_size});
}

/* The page runs and loads what it brings with it, and nothing else; nobody frames it. */
void http_page(void *data, struct http_call *call)
{
    http_add_field(call, "Content-Security-Policy",
                   STR("default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                       "'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; "
                       "frame-ancestors 'none'"));
    show(data, call, "text/html; charset=utf-8",
         (struct str){(const char *)exports_html, exports_html_size});
}

void http_page_style(void *data, struct http_call *call)
{
    show(data, call, "text/css; charset=utf-8",
         (struct str){(const char *)exports_css, exports_css_size});
}

void http_page_script(void *data, struct http_call *call)
{
    show(data, call, "text/javascript; charset=utf-8",
         (struct str){(const char *)exports_js, exports_js_size});
}

void http_to_page(void *data, struct http_call *call)
{
    const struct http_door *door = data;
    bool is_root = http_path(call).len == 1;
    http_answer_secure(call, door->has_tls);
    http_add_field(call, "Location", is_root ? STR("exports") : STR("../exports"));
    http_reply(call, 302, NULL, (struct str){0});
}

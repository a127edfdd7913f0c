/* SPDX-License-Identifier: Apache-2.0
 *
 * See http_page.h.
 */
#include "server/http_page.h"

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

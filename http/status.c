/* SPDX-License-Identifier: Apache-2.0
 *
 * The one table from our errors to HTTP's statuses (RFC 9110, 15), as contract.md has them.
 */
#include "http/http.h"

int http_status_from_err(enum err_code code)
{
    static const int statuses[ERR_CODE_COUNT] = {
        [ERR_NONE] = 200,
        [ERR_INVALID] = 400,
        [ERR_UNAUTHENTICATED] = 401,
        [ERR_DENIED] = 403,
        [ERR_NOT_FOUND] = 404,
        [ERR_LIMIT] = 429,
        [ERR_NOT_READY] = 409,
        [ERR_WRONG_STATE] = 409,
        [ERR_USED] = 410,
        [ERR_EXPIRED] = 410,
        [ERR_BUSY] = 409,
        [ERR_EXISTS] = 409,
        [ERR_TOO_LARGE] = 413,
        [ERR_CANCELLED] = 499, /* nobody reads it: the client is gone */
        [ERR_DEADLINE] = 504,
        [ERR_UNAVAILABLE] = 503,
        [ERR_UNIMPLEMENTED] = 501,
        [ERR_INTERNAL] = 500,
        [ERR_SOURCE_UNAVAILABLE] = 503,
        [ERR_STORE_UNAVAILABLE] = 503,
    };
    return (unsigned)code < ERR_CODE_COUNT && statuses[code] ? statuses[code] : 500;
}

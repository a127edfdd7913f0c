/* SPDX-License-Identifier: Apache-2.0
 *
 * What anybody may send to the browser's door: a body that asks for an export, ranges and tags of a
 * download, an origin, a host, trace context, and the URL of a webhook. What is taken is as it has
 * to be, and what is refused says why in UTF-8. The first byte says which, the rest is
 * the input.
 */
#include "base/trace.h"
#include "base/utf8.h"
#include "server/http_create.h"
#include "server/http_guard.h"
#include "server/http_range.h"
#include "tests/fuzz/fuzz_input.h"
#include "webhook/url.h"

static void check_refusal(const struct err *err)
{
    fuzz_require(err->code == ERR_INVALID, "a refusal", str_of(err->text));
    size_t len = strlen(err->text);
    fuzz_require(utf8_valid_prefix(err->text, len) == len, "UTF-8", str_of(err->text));
}

static void check_body(struct str body)
{
    struct arena arena CLEANUP(arena_done) = {0};
    Exportqueue__V1__CreateJobRequest *request = NULL;
    struct err err = {0};
    if (!http_create_read(body, &arena, &request, &err)) {
        check_refusal(&err);
        return;
    }
    size_t size = exportqueue__v1__create_job_request__get_packed_size(request);
    uint8_t *packed = arena_alloc(&arena, size + 1);
    fuzz_require(exportqueue__v1__create_job_request__pack(request, packed) == size,
                 "a message of its size", body);
    for (size_t i = 0; i < request->n_filters; i++)
        fuzz_require(request->filters[i]->n_values > 0, "a filter has values", body);
}

static void check_range(struct fuzz_input *input)
{
    int64_t size = (int64_t)(fuzz_bits(input) & INT64_MAX);
    struct str field = fuzz_rest(input);
    struct http_range range = {-1, -1};
    if (http_range_read(field, size, &range) != RANGE_PART)
        return;
    fuzz_require(0 <= range.first && range.first <= range.last && range.last < size,
                 "a part is within the file", field);
}

static void check_trace(struct str header)
{
    struct arena arena CLEANUP(arena_done) = {0};
    char parent[TRACE_PARENT_LEN + 1];
    char again[TRACE_PARENT_LEN + 1];
    if (trace_parent_read(header, parent)) {
        fuzz_require(trace_parent_read(str_of(parent), again), "what was taken is taken", header);
        fuzz_require_equal(str_of(again), str_of(parent), "and is the same");
        fuzz_require(trace_id_of(str_of(parent)).len == TRACE_ID_LEN, "it has an id", header);
    }
    struct str state = trace_state_of(header, 1, &arena);
    fuzz_require(state.len <= TRACE_STATE_MAX, "no longer than it may be", state);
    fuzz_require_equal(trace_state_of(state, 1, &arena), state, "what was taken is taken as it is");
}

static void check_url(struct str url)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct err err = {0};
    if (!webhook_check_url(url, false, "webhook_url", &err)) {
        check_refusal(&err);
        return;
    }
    struct str scheme = STR("https://");
    fuzz_require(url.len > scheme.len &&
                     str_equal_nocase((struct str){url.ptr, scheme.len}, scheme),
                 "https alone", url);
    fuzz_require(!str_is_empty(webhook_host(url, &arena)), "it has a host", url);
    fuzz_require(memchr(url.ptr, '\n', url.len) == NULL, "one line", url);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    enum { BODY, RANGE, TAGS, ORIGIN, TRACE, URL, WAYS };
    struct fuzz_input input = fuzz_input_of(bytes, len);
    unsigned way = fuzz_choice(&input, WAYS);
    if (way == RANGE) {
        check_range(&input);
        return 0;
    }
    struct arena arena CLEANUP(arena_done) = {0};
    struct str text =
        arena_copy_str(&arena, fuzz_rest(&input)); /* a zero behind it, as in requests */
    switch (way) {
    case BODY:
        check_body(text);
        break;
    case TAGS:
        (void)http_range_has_tag(text, STR("\"sha256-abc\""));
        break;
    case ORIGIN:
        (void)http_guard_is_origin(text);
        break;
    case TRACE:
        check_trace(text);
        break;
    default:
        check_url(str_of(text.ptr)); /* texts of messages have no zero within */
    }
    return 0;
}

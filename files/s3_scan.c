/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3.h. A portion is a page of the bucket's list: first of the objects below the prefix, but
 * not in folders there, then of the uploads that were begun and neither completed nor aborted. One
 * of those is found as KEY?UPLOAD.
 */
#include "base/calendar.h"
#include "base/clock.h"
#include "base/mem.h"
#include "files/s3_store.h"
#include "files/s3_xml.h"

enum { PAGE_MAX = 1 << 20, MARKER_SIZE = 1025, MS = 1000 };

struct marker {
    char text[MARKER_SIZE];
};

struct s3_scan {
    struct files_scan scan;
    struct s3 *s3;
    int64_t min_age_ms;
    bool is_in_uploads;
    struct marker after; /* where the next page begins: a token, or the key of an upload */
    struct marker after_id;
};

_Static_assert(FILES_MAX_KEY + 1 + S3_UPLOAD_ID_SIZE <= FILES_MAX_NAME + 1, "names fit");

static struct s3_scan *scan_of(struct files_scan *scan)
{
    return CONTAINER_OF(scan, struct s3_scan, scan);
}

bool s3_scan_open(struct files *files, int64_t min_age_ms, struct files_scan **out, struct err *err)
{
    struct s3_scan *scan = mem_new(struct s3_scan);
    (void)err;
    *scan = (struct s3_scan){.scan = {files->ops}, .s3 = s3_of(files), .min_age_ms = min_age_ms};
    *out = &scan->scan;
    return true;
}

void s3_scan_close(struct files_scan *scan)
{
    free(scan_of(scan));
}

/* ---- A page ---- */

struct page {
    struct s3_scan *scan;
    struct files_portion *out;
    const char *entry;     /* the element of an object or an upload */
    char key[MARKER_SIZE]; /* of the entry that is being read, as the next two */
    char id[MARKER_SIZE];
    int64_t age_ms; /* -1: not known */
    bool is_truncated;
    struct marker next;
    struct marker next_id;
};

/* False, and empty, if it does not fit. */
static bool keep(struct str text, char out[MARKER_SIZE])
{
    out[0] = '\0';
    if (text.len >= MARKER_SIZE)
        return false;
    if (text.len)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static int64_t age_of(struct str time)
{
    int64_t us = 0;
    if (!calendar_parse_timestamp(time, &us))
        return -1;
    int64_t age_ms = clock_now_ms(&clock_system) - us / MS;
    return age_ms > 0 ? age_ms : 0;
}

/* Whether the entry is a job's file and old enough; an upload whose id is too long for us is for
 * the bucket's own rules to abort. */
static void add_entry(struct page *page)
{
    const struct str prefix = page->scan->s3->target.prefix;
    struct str key = str_of(page->key);
    bool is_upload = page->scan->is_in_uploads;
    if (page->out->count == FILES_PORTION || !str_starts_with(key, prefix) ||
        page->age_ms < page->scan->min_age_ms || strlen(page->id) >= S3_UPLOAD_ID_SIZE ||
        is_upload != (page->id[0] != '\0'))
        return;
    struct file_found *found = &page->out->found[page->out->count];
    struct str rest = {key.ptr + prefix.len, key.len - prefix.len};
    if (rest.len > FILES_MAX_KEY || !file_key_parse(rest, &found->of))
        return;
    (void)snprintf(found->name, sizeof found->name, is_upload ? "%.*s?%s" : "%.*s%s", STR_ARG(rest),
                   page->id);
    found->key = (struct str){found->name, rest.len};
    page->out->count++;
}

static void take_of_entry(struct page *page, const struct s3_xml_element *element)
{
    if (strcmp(element->name, "Key") == 0)
        (void)keep(element->text, page->key);
    else if (strcmp(element->name, "UploadId") == 0)
        (void)keep(element->text, page->id);
    else if (strcmp(element->name, "LastModified") == 0 || strcmp(element->name, "Initiated") == 0)
        page->age_ms = age_of(element->text);
}

static void take_of_list(struct page *page, const struct s3_xml_element *element)
{
    if (strcmp(element->name, page->entry) == 0) {
        add_entry(page);
        page->key[0] = '\0';
        page->id[0] = '\0';
        page->age_ms = -1;
    } else if (strcmp(element->name, "IsTruncated") == 0)
        page->is_truncated = str_equal(element->text, STR("true"));
    else if (strcmp(element->name, "NextContinuationToken") == 0 ||
             strcmp(element->name, "NextKeyMarker") == 0)
        (void)keep(element->text, page->next.text);
    else if (strcmp(element->name, "NextUploadIdMarker") == 0)
        (void)keep(element->text, page->next_id.text);
}

static void take(void *target, const struct s3_xml_element *element)
{
    struct page *page = target;
    if (strcmp(element->parent, page->entry) == 0)
        take_of_entry(page, element);
    else if (strcmp(element->parent, "ListBucketResult") == 0 ||
             strcmp(element->parent, "ListMultipartUploadsResult") == 0)
        take_of_list(page, element);
}

static void add_parameter(struct buf *query, const char *name, const char *value)
{
    if (*value) {
        buf_printf(query, "%s=", name);
        s3_target_encode(str_of(value), query);
        buf_add_char(query, '&');
    }
}

/* In the order of the names, as signatures want it. */
static void make_query(const struct s3_scan *scan, struct buf *query)
{
    if (scan->is_in_uploads) {
        buf_add_text(query, "delimiter=%2F&");
        add_parameter(query, "key-marker", scan->after.text);
        buf_printf(query, "max-uploads=%d&prefix=", FILES_PORTION);
        s3_target_encode(scan->s3->target.prefix, query);
        if (scan->after_id.text[0]) {
            buf_add_text(query, "&upload-id-marker=");
            s3_target_encode(str_of(scan->after_id.text), query);
        }
        buf_add_text(query, "&uploads=");
        return;
    }
    add_parameter(query, "continuation-token", scan->after.text);
    buf_printf(query, "delimiter=%%2F&list-type=2&max-keys=%d&prefix=", FILES_PORTION);
    s3_target_encode(scan->s3->target.prefix, query);
}

static bool get_page(struct page *page, struct err *err)
{
    struct buf query CLEANUP(buf_done);
    struct s3_reply reply = {0};
    const struct s3_patience patience = {0}; /* the sweep tries again, later */
    buf_init(&query, S3_QUERY_MAX);
    buf_init(&reply.body, PAGE_MAX);
    make_query(page->scan, &query);
    const struct s3_request request = {
        .method = "GET", .name = "", .query = query.ptr, .timeout_ms = S3_PATIENCE_MS};
    bool is_read = s3_call(page->scan->s3->http, &request, &patience, &reply, err);
    if (is_read)
        is_read = s3_xml_read(buf_str(&reply.body), take, page) ||
                  err_set(err, ERR_STORE_UNAVAILABLE, "the object store's list cannot be read");
    buf_done(&reply.body);
    return is_read;
}

/* A page that leads to itself would be read for ever. */
static bool turn_page(struct s3_scan *scan, const struct page *page, struct err *err)
{
    if (!page->is_truncated) {
        page->out->is_last = scan->is_in_uploads;
        scan->is_in_uploads = true;
        scan->after.text[0] = '\0';
        scan->after_id.text[0] = '\0';
        return true;
    }
    if (!page->next.text[0] || (strcmp(page->next.text, scan->after.text) == 0 &&
                                strcmp(page->next_id.text, scan->after_id.text) == 0))
        return err_set(err, ERR_STORE_UNAVAILABLE, "the object store's list does not go on");
    scan->after = page->next;
    scan->after_id = page->next_id;
    return true;
}

bool s3_scan_next(struct files_scan *base, struct files_portion *out, struct err *err)
{
    struct s3_scan *scan = scan_of(base);
    struct page *page = mem_new(struct page);
    page->scan = scan;
    page->out = out;
    page->entry = scan->is_in_uploads ? "Upload" : "Contents";
    page->age_ms = -1;
    out->count = 0;
    out->is_last = false;
    bool is_ok = get_page(page, err) && turn_page(scan, page, err);
    free(page);
    return is_ok;
}

bool s3_scan_remove(struct files_scan *base, const struct file_found *found, struct err *err)
{
    struct s3 *s3 = scan_of(base)->s3;
    char name[S3_NAME_SIZE];
    s3_object_name(s3, found->key, name);
    if (!found->name[found->key.len])
        return s3_delete(s3, name, NULL, err);
    struct buf query CLEANUP(buf_done);
    buf_init(&query, S3_QUERY_MAX);
    s3_upload_query("", found->name + found->key.len + 1, &query);
    return s3_delete(s3, name, query.ptr, err);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What settings of an object store mean, and what an object store's XML and refusals do.
 */
#include "files/s3_error.h"
#include "files/s3_keys.h"
#include "files/s3_target.h"
#include "files/s3_xml.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct files_s3 settings_with(const char *endpoint, const char *style, const char *region)
{
    return (struct files_s3){.access_key = STR("key"),
                             .secret_key = STR("hush-hush-hush"),
                             .region = str_of(region),
                             .endpoint = str_of(endpoint),
                             .style = str_of(style)};
}

static void urls_are_made_of_bucket_endpoint_and_style(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *endpoint, *style, *region, *url, *prefix;
    } table[] = {
        {"//exports", "", "", "eu-central-1", "https://exports.s3.eu-central-1.amazonaws.com/", ""},
        {"//exports/", "", "virtual", "us-east-1", "https://exports.s3.us-east-1.amazonaws.com/",
         ""},
        {"//exports/a/b-1_c.d/", "", "path", "cn-north-1",
         "https://s3.cn-north-1.amazonaws.com.cn/exports/", "a/b-1_c.d/"},
        {"//my.exports/a", "", "", "us-east-1", "https://s3.us-east-1.amazonaws.com/my.exports/",
         "a/"},
        {"//exports/a", "http://127.0.0.1:9000", "", "us-east-1", "http://127.0.0.1:9000/exports/",
         "a/"},
        {"//exports/a", "https://s3.example/", "virtual", "x", "https://exports.s3.example/", "a/"},
        {"//exports", "http://[::1]:9000", "path", "x", "http://[::1]:9000/exports/", ""},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct s3_target target = {0};
        struct err err = {0};
        const struct files_s3 settings =
            settings_with(table[i].endpoint, table[i].style, table[i].region);
        if (!s3_target_make(str_of(table[i].rest), &settings, &arena, &target, &err))
            fail_msg("%s: %s", table[i].rest, err.text);
        assert_string_equal(target.bucket_url.ptr, table[i].url);
        assert_string_equal(target.prefix.ptr, table[i].prefix);
    }
}

static void settings_that_make_no_sense_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *endpoint, *style, *region, *says;
    } table[] = {
        {"", "", "", "r", "EXPORT_STORE_URL"},
        {"exports", "", "", "r", "EXPORT_STORE_URL"},
        {"//", "", "", "r", "EXPORT_STORE_URL"},
        {"//ab", "", "", "r", "EXPORT_STORE_URL"},
        {"//Exports", "", "", "r", "EXPORT_STORE_URL"},
        {"//exports-", "", "", "r", "EXPORT_STORE_URL"},
        {"//exp@rts/x", "", "", "r", "EXPORT_STORE_URL"},
        {"//exports/a//b", "", "", "r", "EXPORT_STORE_URL"},
        {"//exports/../b", "", "", "r", "EXPORT_STORE_URL"},
        {"//exports/a b", "", "", "r", "EXPORT_STORE_URL"},
        {"//exports/a?b", "", "", "r", "EXPORT_STORE_URL"},
        {"//exports", "ftp://x", "", "r", "EXPORT_S3_ENDPOINT"},
        {"//exports", "https://", "", "r", "EXPORT_S3_ENDPOINT"},
        {"//exports", "https://x/y", "", "r", "EXPORT_S3_ENDPOINT"},
        {"//exports", "https://u:hush-hush-hush@x", "", "r", "EXPORT_S3_ENDPOINT"},
        {"//exports", "", "both", "r", "EXPORT_S3_STYLE"},
        {"//exports", "", "", "", "AWS_REGION"},
        {"//exports", "", "", "eu central", "AWS_REGION"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct s3_target target = {0};
        struct err err = {0};
        const struct files_s3 settings =
            settings_with(table[i].endpoint, table[i].style, table[i].region);
        assert_false(s3_target_make(str_of(table[i].rest), &settings, &arena, &target, &err));
        assert_int_equal(err.code, ERR_INVALID);
        if (!strstr(err.text, table[i].says) || strstr(err.text, "hush"))
            fail_msg("%s: %s", table[i].rest, err.text);
    }
}

static void keys_that_are_missing_or_no_keys_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *access_key, *secret_key, *session_token, *says;
    } table[] = {
        {"", "hush-hush-hush", "", "AWS_ACCESS_KEY_ID is not set"},
        {"key", "", "", "AWS_SECRET_ACCESS_KEY is not set"},
        {"key", "hush-hush\nhush", "", "AWS_SECRET_ACCESS_KEY is no such key"},
        {"key", "hush-hush-hush", "hush\r\nx-evil: 1", "AWS_SESSION_TOKEN is no such key"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err err = {0};
        struct files_s3 settings = settings_with("", "", "us-east-1");
        settings.access_key = str_of(table[i].access_key);
        settings.secret_key = str_of(table[i].secret_key);
        settings.session_token = str_of(table[i].session_token);
        assert_false(s3_keys_check(&settings, &err));
        if (!strstr(err.text, table[i].says) || strstr(err.text, "hush"))
            fail_msg("%s", err.text);
    }
}

static void values_of_queries_are_encoded(void **state)
{
    (void)state;
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 256);
    s3_target_encode(STR("aZ0-._~/+=&? \xC3\xA9\0"), &out);
    assert_string_equal(out.ptr, "aZ0-._~%2F%2B%3D%26%3F%20%C3%A9%00");
}

static void xml_is_taken_apart_within_bounds(void **state)
{
    (void)state;
    char out[8];
    static const char doctype[] = "<!DOCTYPE a [<!ENTITY b \"c\">]><a><k>&b;</k></a>";
    assert_true(s3_xml_find(STR(" \n<?xml version=\"1.0\"?><a xmlns=\"u\"><k>1&amp;2</k></a>"), "a",
                            "k", out, sizeof out));
    assert_string_equal(out, "1&2");
    assert_false(s3_xml_find(STR("<a><b><k>1</k></b></a>"), "a", "k", out, sizeof out));
    assert_false(s3_xml_find(STR("<a><k></k></a>"), "a", "k", out, sizeof out));
    assert_false(s3_xml_find(STR("<a><k>12345678</k></a>"), "a", "k", out, sizeof out));
    assert_false(s3_xml_find(STR("<a><k>1</k>"), "a", "k", out, sizeof out));
    assert_false(s3_xml_find(STR(""), "a", "k", out, sizeof out));
    assert_false(s3_xml_find(STR(doctype), "a", "k", out, sizeof out));
    struct buf deep CLEANUP(buf_done);
    buf_init(&deep, 1024);
    for (int i = 0; i < S3_XML_MAX_DEPTH + 1; i++)
        buf_add_text(&deep, "<a>");
    for (int i = 0; i < S3_XML_MAX_DEPTH + 1; i++)
        buf_add_text(&deep, "</a>");
    assert_false(s3_xml_find(buf_str(&deep), "a", "k", out, sizeof out));
}

static void refusals_have_their_class(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *code;
        enum err_code means;
        bool may_pass;
    } table[] = {
        {403, "AccessDenied", ERR_STORE_DENIED, false},
        {403, NULL, ERR_STORE_DENIED, false},
        {404, "NoSuchBucket", ERR_STORE_DENIED, false},
        {404, "NoSuchKey", ERR_NOT_FOUND, false},
        {404, NULL, ERR_NOT_FOUND, false},
        {400, "ExpiredToken", ERR_STORE_DENIED, false},
        {400, "RequestTimeout", ERR_STORE_UNAVAILABLE, true},
        {400, "InvalidArgument", ERR_STORE_DENIED, false},
        {301, "PermanentRedirect", ERR_STORE_DENIED, false},
        {302, NULL, ERR_STORE_DENIED, false},
        {412, "PreconditionFailed", ERR_EXISTS, false},
        {429, NULL, ERR_STORE_UNAVAILABLE, true},
        {500, "InternalError", ERR_STORE_UNAVAILABLE, true},
        {501, "NotImplemented", ERR_UNIMPLEMENTED, false},
        {503, "SlowDown", ERR_STORE_UNAVAILABLE, true},
        {507, NULL, ERR_STORE_UNAVAILABLE, false},
        {500, "<script>", ERR_STORE_UNAVAILABLE, true},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char body[256] = "";
        struct err err = {0};
        if (table[i].code)
            (void)snprintf(body, sizeof body,
                           "<Error><Code><![CDATA[%s]]></Code><Message>hush</Message></Error>",
                           table[i].code);
        assert_int_equal(s3_error_tell(table[i].status, str_of(body), &err), table[i].may_pass);
        assert_int_equal(err.code, table[i].means);
        assert_null(strstr(err.text, "hush"));
        assert_null(strstr(err.text, "<"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_made_of_bucket_endpoint_and_style),
        cmocka_unit_test(settings_that_make_no_sense_are_named),
        cmocka_unit_test(keys_that_are_missing_or_no_keys_are_named),
        cmocka_unit_test(values_of_queries_are_encoded),
        cmocka_unit_test(xml_is_taken_apart_within_bounds),
        cmocka_unit_test(refusals_have_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

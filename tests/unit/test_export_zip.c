/* SPDX-License-Identifier: Apache-2.0
 *
 * Zip packages, read back by minizip.
 */
#include "export/zip.h"

#include "tests/unit/export_xlsx_kit.h"

#include <sys/wait.h>

static const struct str xml = {"<?xml version=\"1.0\"?><a>text</a>", 32};

static void write_package(struct sink *sink, uint64_t begin, int members)
{
    struct err err = {0};
    struct zip *zip = zip_new(sink, begin);
    for (int i = 0; i < members; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "xl/part%d.xml", i);
        assert_true(zip_add(zip, str_of(name), xml, &err));
    }
    assert_true(zip_finish(zip, &err));
    zip_free(zip);
}

static void a_package_gives_back_its_members_in_order(void **state)
{
    (void)state;
    struct kit_sink sink;
    kit_sink_init(&sink);
    write_package(&sink.sink, 0, 3);
    struct kit_package package;
    kit_package_open(&package, buf_str(&sink.bytes));
    assert_int_equal(package.count, 3);
    assert_true(str_equal(package.parts[0].name, STR("xl/part0.xml")));
    assert_true(str_equal(package.parts[2].name, STR("xl/part2.xml")));
    assert_true(str_equal(package.parts[2].bytes, xml));
    kit_package_close(&package);
    kit_sink_done(&sink);
}

static void a_member_may_come_in_pieces_and_be_long(void **state)
{
    (void)state;
    enum { PIECES = 3000 };
    struct kit_sink sink;
    kit_sink_init(&sink);
    struct err err = {0};
    struct zip *zip = zip_new(&sink.sink, 0);
    assert_true(zip_begin(zip, STR("long.xml"), &err));
    assert_true(sink_write(zip_member(zip), "<?xml ?><a>", 11, &err));
    for (int i = 0; i < PIECES; i++)
        assert_true(sink_write(zip_member(zip), xml.ptr, xml.len, &err));
    assert_true(sink_write(zip_member(zip), "</a>", 4, &err));
    assert_int_equal(zip_member_size(zip), PIECES * 32 + 15);
    assert_true(zip_end(zip, &err));
    assert_true(zip_add(zip, STR("short.xml"), xml, &err));
    assert_true(zip_finish(zip, &err));
    zip_free(zip);
    struct kit_package package;
    kit_package_open(&package, buf_str(&sink.bytes));
    assert_int_equal(kit_part(&package, "long.xml").len, PIECES * 32 + 15);
    assert_true(str_equal(kit_part(&package, "short.xml"), xml));
    kit_package_close(&package);
    kit_sink_done(&sink);
}

static void the_same_members_are_the_same_bytes(void **state)
{
    (void)state;
    struct kit_sink first;
    struct kit_sink second;
    kit_sink_init(&first);
    kit_sink_init(&second);
    write_package(&first.sink, 0, 4);
    write_package(&second.sink, 0, 4);
    assert_true(str_equal(buf_str(&first.bytes), buf_str(&second.bytes)));
    kit_sink_done(&first);
    kit_sink_done(&second);
}

/* ---- Over 4 GiB: a file with a hole at its front ---- */

struct file_sink {
    struct sink sink;
    int file;
    off_t at;
};

static bool file_write(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    (void)err;
    struct file_sink *to = CONTAINER_OF(sink, struct file_sink, sink);
    assert_int_equal(pwrite(to->file, bytes, len, to->at), len);
    to->at += (off_t)len;
    return true;
}

/* Python's zipfile: minizip opens no member that begins beyond 4 GiB. */
static void a_package_beyond_4_gib_is_found_by_its_zip64_records(void **state)
{
    (void)state;
    static const uint64_t begins[] = {UINT64_C(0xFFFFFFFF) - 40, UINT64_C(5) << 30};
    static const char script[] =
        "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "
        "assert [z.read(n) for n in z.namelist()] == 3 * [b'<?xml version=\"1.0\"?><a>text</a>']; "
        "assert [i.header_offset for i in z.infolist()][0] == int(sys.argv[2])";
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        struct file_sink to = {{file_write}, memfd_create("far", 0), (off_t)begins[i]};
        assert_true(to.file >= 0);
        write_package(&to.sink, begins[i], 3); /* of the first, one member begins below the limit */
        char path[64];
        char begin[32];
        (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), to.file);
        (void)snprintf(begin, sizeof begin, "%llu", (unsigned long long)begins[i]);
        pid_t reader = fork();
        if (reader == 0) {
            (void)execlp("python3", "python3", "-c", script, path, begin, (char *)NULL);
            _exit(127);
        }
        int status = 0;
        assert_int_equal(waitpid(reader, &status, 0), reader);
        assert_int_equal(status, 0);
        assert_int_equal(close(to.file), 0);
    }
}

static bool has(struct str bytes, const char *signature)
{
    return memmem(bytes.ptr, bytes.len, signature, 4) != NULL;
}

static void a_package_below_4_gib_has_no_zip64_record(void **state)
{
    (void)state;
    struct kit_sink sink;
    kit_sink_init(&sink);
    write_package(&sink.sink, 0, 2);
    assert_true(has(buf_str(&sink.bytes), "PK\5\6"));
    assert_false(has(buf_str(&sink.bytes), "PK\6\6"));
    assert_false(has(buf_str(&sink.bytes), "PK\6\7"));
    kit_sink_done(&sink);
}

/* ---- Failure ---- */

static bool try_package(struct sink *sink, struct err *err)
{
    struct zip *zip = zip_new(sink, 0);
    bool is_good = zip_add(zip, STR("a.xml"), xml, err) && zip_add(zip, STR("b.xml"), xml, err) &&
                   zip_finish(zip, err);
    zip_free(zip);
    return is_good;
}

static void a_sink_that_is_full_fails_the_package_wherever_it_happens(void **state)
{
    (void)state;
    struct kit_sink whole;
    kit_sink_init(&whole);
    struct err err = {0};
    assert_true(try_package(&whole.sink, &err));
    for (size_t at = 0; at < whole.total; at++) {
        struct kit_sink sink;
        kit_sink_init(&sink);
        sink.fail_at = at;
        err = (struct err){0};
        assert_false(try_package(&sink.sink, &err));
        assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
        kit_sink_done(&sink);
    }
    kit_sink_done(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_package_gives_back_its_members_in_order),
        cmocka_unit_test(a_member_may_come_in_pieces_and_be_long),
        cmocka_unit_test(the_same_members_are_the_same_bytes),
        cmocka_unit_test(a_package_beyond_4_gib_is_found_by_its_zip64_records),
        cmocka_unit_test(a_package_below_4_gib_has_no_zip64_record),
        cmocka_unit_test(a_sink_that_is_full_fails_the_package_wherever_it_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

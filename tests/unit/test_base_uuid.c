/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids that ascend, and their text.
 */
#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void ids_ascend_within_a_millisecond_and_when_the_clock_goes_back(void **state)
{
    (void)state;
    static const int64_t steps[] = {0, 0, 1, -1000, 0, 5};
    struct uuid_maker maker = {0};
    struct uuid last = {{0}};
    int64_t now_ms = INT64_C(1754051696000);
    for (int i = 0; i < 30000; i++) {
        now_ms += steps[i / 5000];
        struct uuid id = uuid_make(&maker, now_ms);
        assert_true(uuid_compare(last, id) < 0);
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_int_equal(id.bytes[8] >> 6, 2);
        last = id;
    }
}

static void an_id_begins_with_its_time(void **state)
{
    (void)state;
    struct uuid_maker maker = {0};
    struct uuid id = uuid_make(&maker, INT64_C(0x0123456789AB));
    static const uint8_t want[6] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB};
    assert_memory_equal(id.bytes, want, sizeof want);
}

static void text_reads_back(void **state)
{
    (void)state;
    struct uuid_maker maker = {0};
    for (int i = 0; i < 1000; i++) {
        struct uuid id = uuid_make(&maker, i);
        char text[UUID_TEXT_LEN + 1];
        uuid_format(id, text);
        assert_int_equal(strlen(text), UUID_TEXT_LEN);
        struct uuid back;
        assert_true(uuid_parse(str_of(text), &back));
        assert_true(uuid_equal(id, back));
        assert_int_equal(uuid_compare(id, back), 0);
    }
}

static void only_the_canonical_form_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_id;
    } table[] = {
        {"01890a5d-ac96-774b-bcce-b302099a8057", true},
        {"01890A5D-AC96-774B-BCCE-B302099A8057", true},
        {"01890a5dac96774bbcceb302099a8057", false},
        {"{01890a5d-ac96-774b-bcce-b302099a8057}", false},
        {"01890a5d-ac96-774b-bcce-b302099a805", false},
        {"01890a5d-ac96-774b-bcce-b302099a80577", false},
        {"01890a5d-ac96-774b-bcceab302099a8057", false},
        {"g1890a5d-ac96-774b-bcce-b302099a8057", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct uuid id;
        assert_int_equal(uuid_parse(str_of(table[i].text), &id), table[i].is_id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_ascend_within_a_millisecond_and_when_the_clock_goes_back),
        cmocka_unit_test(an_id_begins_with_its_time),
        cmocka_unit_test(text_reads_back),
        cmocka_unit_test(only_the_canonical_form_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

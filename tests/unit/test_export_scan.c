/* SPDX-License-Identifier: Apache-2.0
 *
 * The first special byte of a text is found wherever it stands, and no other is taken for one.
 */
#include "export/scan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LONGEST = 26 }; /* three words and a bit */

/* At each place of each length. */
static void check_byte(const struct scan *scan, char byte, bool is_special)
{
    char text[LONGEST];
    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t place = 0; place < len; place++) {
            memset(text, 'x', sizeof text);
            text[place] = byte;
            size_t found = scan_plain(scan, (struct str){text, len});
            if (found != (is_special ? place : len))
                fail_msg("byte %d at %zu of %zu: found at %zu", byte, place, len, found);
        }
    }
}

static void every_byte_is_told_at_each_place_of_each_length(void **state)
{
    (void)state;
    struct scan scan;
    scan_init(&scan, '"', ',', STR("\r\n"));
    for (int byte = 0; byte < 256; byte++) {
        bool is_special = byte == '"' || byte == ',' || byte == '\r' || byte == '\n';
        check_byte(&scan, (char)byte, is_special);
    }
}

static void the_first_of_two_is_told(void **state)
{
    (void)state;
    struct scan scan;
    scan_init(&scan, '"', '\\', STR("\n"));
    char text[LONGEST];
    for (size_t len = 2; len <= LONGEST; len++) {
        for (size_t second = 1; second < len; second++) {
            for (size_t first = 0; first < second; first++) {
                memset(text, '\t', sizeof text); /* a control character that is not asked for */
                text[first] = '\n';
                text[second] = '"';
                assert_int_equal(scan_plain(&scan, (struct str){text, len}), first);
            }
        }
    }
}

static void what_stands_behind_the_text_is_not_of_it(void **state)
{
    (void)state;
    struct scan scan;
    scan_init(&scan, '"', ';', STR(""));
    char text[LONGEST];
    for (size_t len = 0; len < LONGEST; len++) {
        memset(text, 'x', len);
        memset(text + len, '"', sizeof text - len);
        assert_int_equal(scan_plain(&scan, (struct str){text, len}), len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_told_at_each_place_of_each_length),
        cmocka_unit_test(the_first_of_two_is_told),
        cmocka_unit_test(what_stands_behind_the_text_is_not_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of acts, and the ring that holds the newest entries in memory.
 */
#include "queue/audit_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SIZE = 8, TEXT_SIZE = 32, MAX = 100 };

static void each_act_is_found_by_its_name(void **state)
{
    (void)state;
    for (int i = 0; i < AUDIT_ACTION_COUNT; i++) {
        const char *name = audit_action_name((enum audit_action)i);
        assert_int_equal(audit_action_of(str_of(name)), i);
    }
    assert_int_equal(audit_action_of(STR("CREATE")), AUDIT_ACTION_COUNT);
    assert_int_equal(audit_action_of(STR("")), AUDIT_ACTION_COUNT);
    assert_string_equal(audit_action_name(AUDIT_ACTION_COUNT), "unknown");
}

/* Entry number `n` is by actor "n"; the text is overwritten once it is in the ring. */
static void add(struct audit_ring *ring, int n)
{
    char text[TEXT_SIZE];
    struct audit_entry entry = {.at_ms = n, .owner = STR("alice"), .type = STR("trades")};
    (void)snprintf(text, sizeof text, "%d", n);
    entry.actor = (struct actor){.name = str_of(text), .address = STR("192.0.2.1")};
    audit_ring_add(ring, &entry);
    memset(text, '#', sizeof text - 1);
}

static void assert_list(const struct audit_ring *ring, struct audit_query query, int newest,
                        size_t count)
{
    struct arena arena CLEANUP(arena_done) = {0};
    struct audit_entry entries[MAX];
    assert_int_equal(audit_ring_list(ring, &query, &arena, entries), count);
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_SIZE];
        (void)snprintf(text, sizeof text, "%d", newest - (int)i);
        assert_int_equal(entries[i].number, newest - (int)i);
        assert_true(str_equal(entries[i].actor.name, str_of(text)));
        assert_true(str_equal(entries[i].actor.address, STR("192.0.2.1")));
        assert_true(str_equal(entries[i].owner, STR("alice")));
        assert_true(str_equal(entries[i].type, STR("trades")));
    }
}

static void a_ring_keeps_the_newest_and_goes_on_counting(void **state)
{
    (void)state;
    struct audit_ring *ring = audit_ring_new(SIZE);
    assert_list(ring, (struct audit_query){.limit = MAX}, 0, 0);
    for (int n = 1; n <= 3 * SIZE + 1; n++) {
        add(ring, n);
        assert_list(ring, (struct audit_query){.limit = MAX}, n, n < SIZE ? (size_t)n : SIZE);
        assert_list(ring, (struct audit_query){.limit = 2}, n, n < 2 ? 1 : 2);
    }
    audit_ring_free(ring);
    audit_ring_free(NULL);
}

static void a_page_before_what_is_gone_or_is_to_come_is_sound(void **state)
{
    (void)state;
    struct audit_ring *ring = audit_ring_new(SIZE);
    for (int n = 1; n <= 2 * SIZE; n++)
        add(ring, n);
    assert_list(ring, (struct audit_query){.before = 1, .limit = MAX}, 0, 0);
    assert_list(ring, (struct audit_query){.before = SIZE + 1, .limit = MAX}, 0, 0);
    assert_list(ring, (struct audit_query){.before = SIZE + 2, .limit = MAX}, SIZE + 1, 1);
    assert_list(ring, (struct audit_query){.before = INT64_MAX, .limit = 1}, 2 * SIZE, 1);
    audit_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_act_is_found_by_its_name),
        cmocka_unit_test(a_ring_keeps_the_newest_and_goes_on_counting),
        cmocka_unit_test(a_page_before_what_is_gone_or_is_to_come_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of memory: zeroed, aligned, apart, and all gone at once.
 */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    enum { COUNT = 500 };
    unsigned char *pieces[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = i * 7 % 3000;
        pieces[i] = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(pieces[i][at], 0);
        memset(pieces[i], (int)(i % 251) + 1, size);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t at = 0; at < i * 7 % 3000; at++)
            assert_int_equal(pieces[i][at], i % 251 + 1);
    }
    arena_done(&arena);
    arena_done(&arena);
    assert_non_null(arena_alloc(&arena, 1)); /* usable again */
    arena_done(&arena);
}

static void a_piece_larger_than_a_chunk_has_its_own(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    char *large = arena_alloc_array(&arena, 1 << 20, 3);
    memset(large, 'x', (size_t)3 << 20);
    char *small = arena_alloc(&arena, 8);
    memset(small, 'y', 8);
    assert_int_equal(large[(3 << 20) - 1], 'x');
    arena_done(&arena);
}

static void an_arena_tells_how_much_it_holds(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_int_equal(arena_size(&arena), 0);
    (void)arena_alloc(&arena, 1 << 20);
    (void)arena_alloc(&arena, 1);
    assert_in_range(arena_size(&arena), 1 << 20, (1 << 20) + (1 << 17));
    arena_done(&arena);
    assert_int_equal(arena_size(&arena), 0);
}

static void copies_end_in_nul(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct str copy = arena_copy_str(&arena, STR("a\0b"));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.ptr, "a\0b", 4);
    struct str empty = arena_copy_str(&arena, (struct str){0});
    assert_non_null(empty.ptr);
    assert_int_equal(empty.len, 0);
    assert_string_equal(arena_copy_text(&arena, STR("text")), "text");
    struct str printed = arena_printf(&arena, "%s-%d", "a", 7);
    assert_string_equal(printed.ptr, "a-7");
    assert_int_equal(printed.len, 3);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_piece_larger_than_a_chunk_has_its_own),
        cmocka_unit_test(an_arena_tells_how_much_it_holds),
        cmocka_unit_test(copies_end_in_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

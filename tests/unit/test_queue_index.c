/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding by a hash: what was added is found until it is removed, however much there is.
 */
#include "queue/index.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { COUNT = 10000, TEXT_SIZE = 24 };

struct item {
    struct index_node node;
    char text[TEXT_SIZE];
};

static uint64_t hash_of(const struct index *index, const char *text)
{
    return index_hash(index, 0, str_of(text));
}

static struct item *find(const struct index *index, const char *text)
{
    struct index_node *node = index_first(index, hash_of(index, text));
    for (; node; node = index_next(node)) {
        struct item *item = CONTAINER_OF(node, struct item, node);
        if (strcmp(item->text, text) == 0)
            return item;
    }
    return NULL;
}

static void what_was_added_is_found_until_it_is_removed(void **state)
{
    (void)state;
    static struct item items[COUNT];
    struct index index;
    index_init(&index);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(items[i].text, TEXT_SIZE, "item-%d", i);
        assert_null(find(&index, items[i].text));
        index_add(&index, &items[i].node, hash_of(&index, items[i].text));
    }
    assert_int_equal(index.count, COUNT);
    assert_true(index.bucket_count >= COUNT); /* it grew, so chains are short */
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(find(&index, items[i].text), &items[i]);
    for (int i = 0; i < COUNT; i += 2)
        index_remove(&index, &items[i].node);
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(find(&index, items[i].text), i % 2 ? &items[i] : NULL);
    assert_int_equal(index.count, COUNT / 2);
    index_done(&index);
}

static void elements_with_one_hash_are_all_found(void **state)
{
    (void)state;
    struct item items[5] = {{.text = "a"}, {.text = "b"}, {.text = "c"}, {.text = "d"}};
    struct index index;
    index_init(&index);
    for (size_t i = 0; i < 4; i++)
        index_add(&index, &items[i].node, 42);
    index_add(&index, &items[4].node, 42 + index.bucket_count); /* the bucket, not the hash */
    size_t count = 0;
    for (struct index_node *node = index_first(&index, 42); node; node = index_next(node))
        count++;
    assert_int_equal(count, 4);
    index_remove(&index, &items[1].node);
    count = 0;
    for (struct index_node *node = index_first(&index, 42); node; node = index_next(node))
        count += node != &items[1].node;
    assert_int_equal(count, 3);
    index_done(&index);
}

static void keys_of_many_parts_hash_by_all_of_them(void **state)
{
    (void)state;
    struct index index;
    index_init(&index);
    uint64_t ab_c = index_hash(&index, index_hash(&index, 0, STR("ab")), STR("c"));
    uint64_t a_bc = index_hash(&index, index_hash(&index, 0, STR("a")), STR("bc"));
    assert_true(ab_c != a_bc);
    assert_true(index_hash(&index, 0, STR("a")) != index_hash(&index, 0, STR("a\0")));
    assert_true(index_hash(&index, 0, STR("")) == index_hash(&index, 0, (struct str){0}));
    index_done(&index);
}

static void hashes_spread_and_cannot_be_foretold(void **state)
{
    (void)state;
    enum { BUCKETS = 1024 };
    static unsigned used[BUCKETS];
    struct index one;
    struct index other;
    index_init(&one);
    index_init(&other);
    char text[TEXT_SIZE];
    unsigned most = 0;
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(text, TEXT_SIZE, "owner-%d", i);
        unsigned count = ++used[hash_of(&one, text) % BUCKETS];
        most = count > most ? count : most;
    }
    assert_in_range(most, 10, 40); /* about 10 to a bucket */
    assert_true(hash_of(&one, "owner") != hash_of(&other, "owner"));
    index_done(&one);
    index_done(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
        cmocka_unit_test(elements_with_one_hash_are_all_found),
        cmocka_unit_test(keys_of_many_parts_hash_by_all_of_them),
        cmocka_unit_test(hashes_spread_and_cannot_be_foretold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

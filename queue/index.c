/* SPDX-License-Identifier: Apache-2.0
 *
 * See index.h. Chains in buckets; doubled when there are as many elements as buckets, so a chain
 * holds one element or two. It never shrinks.
 */
#include "queue/index.h"

#include "base/digest.h"
#include "base/mem.h"

#include <assert.h>

enum { FIRST_BUCKETS = 64 };

void index_init(struct index *index)
{
    *index = (struct index){.bucket_count = FIRST_BUCKETS};
    index->buckets = mem_new_array(FIRST_BUCKETS, sizeof(struct index_node *));
    digest_random(&index->seed, sizeof index->seed);
}

void index_done(struct index *index)
{
    free(index->buckets);
    index->buckets = NULL;
}

/* The finalizer of MurmurHash3: each bit of the input reaches each bit of the result. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    x = (x ^ x >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return x ^ x >> 33;
}

uint64_t index_hash(const struct index *index, uint64_t so_far, struct str key)
{
    uint64_t hash = mix(so_far ^ index->seed ^ key.len);
    while (key.len) {
        uint64_t word = 0;
        size_t len = key.len < sizeof word ? key.len : sizeof word;
        memcpy(&word, key.ptr, len);
        hash = mix(hash ^ word) + index->seed;
        key.ptr += len;
        key.len -= len;
    }
    return hash;
}

static struct index_node **bucket(const struct index *index, uint64_t hash)
{
    return &index->buckets[hash & (index->bucket_count - 1)];
}

static void add_to_bucket(const struct index *index, struct index_node *node)
{
    struct index_node **head = bucket(index, node->hash);
    node->next = *head;
    *head = node;
}

static void grow(struct index *index)
{
    struct index_node **old = index->buckets;
    size_t old_count = index->bucket_count;
    index->bucket_count *= 2;
    index->buckets = mem_new_array(index->bucket_count, sizeof(struct index_node *));
    for (size_t i = 0; i < old_count; i++) {
        struct index_node *next = NULL;
        for (struct index_node *node = old[i]; node; node = next) {
            next = node->next;
            add_to_bucket(index, node);
        }
    }
    free(old);
}

void index_add(struct index *index, struct index_node *node, uint64_t hash)
{
    if (index->count == index->bucket_count)
        grow(index);
    node->hash = hash;
    add_to_bucket(index, node);
    index->count++;
}

void index_remove(struct index *index, struct index_node *node)
{
    struct index_node **at = bucket(index, node->hash);
    while (*at != node) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = node->next;
    index->count--;
}

static struct index_node *with_hash(struct index_node *node, uint64_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct index_node *index_first(const struct index *index, uint64_t hash)
{
    return with_hash(*bucket(index, hash), hash);
}

struct index_node *index_next(const struct index_node *node)
{
    return with_hash(node->next, node->hash);
}

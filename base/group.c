/* SPDX-License-Identifier: Apache-2.0
 *
 * See group.h. Each caller sleeps on a semaphore of its own, so that nobody is woken in
 * vain: with a condition for all, half of the server's time went into waking.
 */
#include "base/group.h"

#include <assert.h>

void group_init(struct group *group, size_t max,
                void (*work)(void *target, struct group_item *const *items, size_t count),
                void *target)
{
    assert(max <= GROUP_MAX);
    *group = (struct group){.work = work, .target = target, .max = max};
    group->last = &group->first;
    pthread_mutex_init(&group->mutex, NULL);
}

void group_done(struct group *group)
{
    pthread_mutex_destroy(&group->mutex);
}

/* Under the mutex: takes the front of the line. */
static size_t take_line(struct group *group, struct group_item **out)
{
    size_t count = 0;
    while (group->first && count < group->max) {
        out[count] = group->first;
        group->first = group->first->next;
        count++;
    }
    if (!group->first)
        group->last = &group->first;
    return count;
}

/* Works off the front of the line, where the leader stands first; then whoever is first is called
 * to lead. */
static void lead(struct group *group)
{
    struct group_item *items[GROUP_MAX];
    pthread_mutex_lock(&group->mutex);
    size_t count = take_line(group, items);
    pthread_mutex_unlock(&group->mutex);
    group->work(group->target, items, count);
    pthread_mutex_lock(&group->mutex);
    struct group_item *next = group->first;
    group->has_leader = next != NULL;
    pthread_mutex_unlock(&group->mutex);
    for (size_t i = 1; i < count; i++) { /* the leader itself is not asleep */
        items[i]->is_done = true;
        (void)sem_post(&items[i]->called); /* it may be gone by now */
    }
    if (next)
        (void)sem_post(&next->called);
}

static void wait_for_call(struct group_item *item)
{
    while (sem_wait(&item->called) != 0) { /* a signal's handler ran */
    }
}

bool group_run(struct group *group, struct group_item *item)
{
    *item = (struct group_item){0};
    (void)sem_init(&item->called, 0, 0);
    pthread_mutex_lock(&group->mutex);
    *group->last = item;
    group->last = &item->next;
    bool is_leader = !group->has_leader;
    group->has_leader = true;
    pthread_mutex_unlock(&group->mutex);
    if (!is_leader)
        wait_for_call(item);
    if (!item->is_done)
        lead(group);
    (void)sem_destroy(&item->called);
    return item->is_ok;
}

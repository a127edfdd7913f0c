/* SPDX-License-Identifier: Apache-2.0
 *
 * See cli.h. Here: lists of many pages.
 */
#include "client/cli.h"
#include "client/screen.h"

enum { PAGE_SIZE = 100 };

int cli_print_pages(const struct cli *cli, const struct cli_pages *pages)
{
    struct arena arenas[2] = {{0}}; /* the token of one page asks for the next */
    struct cli_page page = {.has_next = true};
    struct err err = {0};
    int64_t count = 0;
    bool is_ok = true;
    for (unsigned turn = 0; is_ok && page.has_next && count < pages->limit; turn ^= 1) {
        int64_t left = pages->limit - count;
        arena_done(&arenas[turn]);
        is_ok = pages->print_next(pages->target, (int32_t)(left < PAGE_SIZE ? left : PAGE_SIZE),
                                  &arenas[turn], &page, &err);
        count += is_ok ? (int64_t)page.count : 0;
    }
    arena_done(&arenas[0]);
    arena_done(&arenas[1]);
    if (!is_ok)
        return cli_fail(cli, &err);
    if (page.has_next)
        screen_tell("there are more than these %lld: --limit N", (long long)count);
    return CLI_DONE;
}

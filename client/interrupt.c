/* SPDX-License-Identifier: Apache-2.0
 *
 * See interrupt.h.
 */
#include "client/interrupt.h"

#include <signal.h>

static volatile sig_atomic_t is_wished; /* the stop flag of style.md's rule 20 */

static void remember(int signal_number)
{
    (void)signal_number;
    is_wished = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = remember, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &action, NULL); /* fails only for a signal that does not exist */
}

void interrupt_release(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigaction(SIGINT, &action, NULL);
}

bool interrupt_came(void)
{
    return is_wished != 0;
}

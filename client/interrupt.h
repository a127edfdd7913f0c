/* SPDX-License-Identifier: Apache-2.0
 *
 * ^C as a wish: who waits asks for it every now and then, tidies up, and says what goes on without
 * the program.
 */
#ifndef CLIENT_INTERRUPT_H
#define CLIENT_INTERRUPT_H

#include "base/defs.h"

/* How long a wait may go without asking. */
enum { INTERRUPT_SLICE_MS = 200 };

/* From now on the first ^C is remembered; the second ends the program. */
void interrupt_catch(void);

/* ^C ends the program again. */
void interrupt_release(void);

bool interrupt_came(void);

#endif

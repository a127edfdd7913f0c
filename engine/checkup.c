/* SPDX-License-Identifier: Apache-2.0
 *
 * See checkup.h.
 */
#include "engine/checkup.h"

enum { STATUS_FINE = 0, STATUS_FAILED = 1, STATUS_MISTAKEN = 2 };

bool checkup_tell(struct checkup *checkup, const char *what, bool is_ok, struct err *err)
{
    if (is_ok) {
        (void)fprintf(checkup->out, "%s: ok: %s\n", checkup->program, what);
        return true;
    }
    (void)fprintf(checkup->out, "%s: failed: %s: %s\n", checkup->program, what, err->text);
    bool is_mistake = err->code == ERR_INVALID || err->code == ERR_SOURCE_DENIED;
    checkup->has_mistakes |= is_mistake;
    checkup->has_failures |= !is_mistake;
    *err = (struct err){0};
    return false;
}

void checkup_leave_out(const struct checkup *checkup, const char *what, const char *why)
{
    (void)fprintf(checkup->out, "%s: not tried: %s, for %s\n", checkup->program, what, why);
}

int checkup_status(const struct checkup *checkup)
{
    if (checkup->has_mistakes)
        return STATUS_MISTAKEN;
    return checkup->has_failures ? STATUS_FAILED : STATUS_FINE;
}

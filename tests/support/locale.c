/* SPDX-License-Identifier: Apache-2.0
 *
 * Every test program runs in the locale of its environment, so that a test in de_DE.UTF-8 (a comma
 * in numbers) or tr_TR.UTF-8 (an i that is not I in small) shows who trusts the C library's. Our
 * programs never call setlocale, but a library they are linked into might. Messages stay English:
 * tests compare them.
 *
 * Nothing of base/ is included here: it bans setlocale.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* Asked by LeakSanitizer: glibc loses its copy of LOCPATH whenever somebody makes a locale, such as
 * a library under libpq as it is loaded. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:argz_add_sep\n";
}

/* Who sets LOCPATH made the locale for this run; others may have one that is not installed. */
__attribute__((constructor)) static void enter_locale(void)
{
    if (!setlocale(LC_ALL, "") && getenv("LOCPATH")) {
        (void)fprintf(stderr, "there is no locale %s in %s\n", getenv("LC_ALL"), getenv("LOCPATH"));
        exit(EXIT_FAILURE);
    }
    (void)setlocale(LC_MESSAGES, "C");
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

/* Length of the longest beginning of the text that is valid UTF-8; len if all of it is. */
size_t utf8_valid_prefix(const char *text, size_t len);

/* The first character of valid UTF-8, and of how many bytes it is. */
unsigned utf8_first(const char *text, size_t *out_len);

/* Whether a character ends a line somewhere, turns the order of what follows, or is not to be seen:
 * with it, two texts look alike, or one like another. */
bool utf8_is_control(unsigned character);

/* Length of the ill-formed bytes at the front of an invalid text (1 to 3) that one U+FFFD stands
 * for: the maximal subpart of the Unicode standard, section 3.9. */
size_t utf8_invalid_length(const char *text, size_t len);

/* The text as far as it is valid, at most `max` bytes, cut at a character: a caller's text that is
 * quoted in an error. */
struct str utf8_cut(struct str text, size_t max);

#endif

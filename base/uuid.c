/* SPDX-License-Identifier: Apache-2.0
 *
 * See uuid.h.
 */
#include "base/uuid.h"

#include "base/digest.h"

enum { COUNTER_MAX = 0xFFF };

static bool is_dash_position(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

struct uuid uuid_make(struct uuid_maker *maker, int64_t now_ms)
{
    struct uuid id;
    digest_random(id.bytes, sizeof id.bytes);
    if (now_ms > maker->last_ms) {
        maker->last_ms = now_ms;
        maker->counter = id.bytes[6] & 0x7FU; /* a random start, with room to count */
    } else if (maker->counter == COUNTER_MAX) {
        maker->last_ms++;
        maker->counter = 0;
    } else {
        maker->counter++;
    }
    uint64_t ms = (uint64_t)maker->last_ms;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70U | maker->counter >> 8);
    id.bytes[7] = (uint8_t)maker->counter;
    id.bytes[8] = (uint8_t)(0x80U | (id.bytes[8] & 0x3FU));
    return id;
}

void uuid_format(struct uuid id, char out[UUID_TEXT_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t byte = 0;
    for (size_t at = 0; at < UUID_TEXT_LEN;) {
        if (is_dash_position(at)) {
            out[at++] = '-';
            continue;
        }
        out[at++] = digits[id.bytes[byte] >> 4];
        out[at++] = digits[id.bytes[byte++] & 0xF];
    }
    out[UUID_TEXT_LEN] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(struct str text, struct uuid *out)
{
    struct uuid id = {{0}};
    if (text.len != UUID_TEXT_LEN)
        return false;
    size_t nibble = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (is_dash_position(at)) {
            if (text.ptr[at] != '-')
                return false;
            continue;
        }
        int value = hex_value(text.ptr[at]);
        if (value < 0)
            return false;
        id.bytes[nibble / 2] = (uint8_t)(id.bytes[nibble / 2] << 4 | value);
        nibble++;
    }
    *out = id;
    return true;
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

int uuid_compare(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

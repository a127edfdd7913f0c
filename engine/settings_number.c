/* SPDX-License-Identifier: Apache-2.0
 *
 * See settings_table.h: numbers and their units, as people write them.
 */
#include "engine/settings_table.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* From small to large; what is written is one of the first of its size. */
static const struct unit duration_units[] = {
    {"ms", 1},      {"s", 1000},     {"min", 60000},     {"m", 60000},
    {"h", 3600000}, {"d", 86400000}, {"days", 86400000},
};

static const struct unit byte_units[] = {
    {"B", 1}, {"", 1}, {"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000}, {"TB", 1000000000000},
};

static const struct unit count_units[] = {{"", 1}};

static const struct unit *units_of(enum setting_kind kind, size_t *out_count)
{
    *out_count = COUNT_OF(count_units);
    if (kind == KIND_DURATION)
        *out_count = COUNT_OF(duration_units);
    if (kind == KIND_BYTES)
        *out_count = COUNT_OF(byte_units);
    if (kind == KIND_DURATION)
        return duration_units;
    return kind == KIND_BYTES ? byte_units : count_units;
}

bool setting_is_number(const struct setting *setting)
{
    return setting->kind == KIND_COUNT || setting->kind == KIND_DURATION ||
           setting->kind == KIND_BYTES;
}

bool setting_may_be_none(const struct setting *setting)
{
    return setting_is_number(setting) && setting->initial && strcmp(setting->initial, "none") == 0;
}

static bool unit_factor(enum setting_kind kind, struct str name, int64_t *out)
{
    size_t count = 0;
    const struct unit *units = units_of(kind, &count);
    for (size_t i = 0; i < count; i++)
        if (str_equal(name, str_of(units[i].name))) {
            *out = units[i].factor;
            return true;
        }
    return false;
}

static bool parse(enum setting_kind kind, struct str text, int64_t *out)
{
    size_t digits = text.len > 1 && text.ptr[0] == '-';
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    struct str unit = str_trim((struct str){text.ptr + digits, text.len - digits});
    int64_t value = 0;
    int64_t factor = 0;
    return str_to_int64((struct str){text.ptr, digits}, &value) &&
           unit_factor(kind, unit, &factor) && !__builtin_mul_overflow(value, factor, out);
}

bool setting_parse_number(const struct setting *setting, struct str text, int64_t *out)
{
    if (setting_may_be_none(setting) && str_equal(text, STR("none"))) {
        *out = 0;
        return true;
    }
    return parse(setting->kind, text, out);
}

void setting_format_number(const struct setting *setting, int64_t value,
                           char out[SETTING_NUMBER_SIZE])
{
    size_t count = 0;
    const struct unit *units = units_of(setting->kind, &count);
    const struct unit *best = &units[0];
    for (size_t i = 1; i < count; i++)
        if (value && value % units[i].factor == 0 && units[i].factor > best->factor)
            best = &units[i];
    if (value == 0 && setting_may_be_none(setting))
        (void)snprintf(out, SETTING_NUMBER_SIZE, "none");
    else
        (void)snprintf(out, SETTING_NUMBER_SIZE, "%lld%s", (long long)(value / best->factor),
                       best->name);
}

bool settings_parse_duration(struct str text, int64_t *out_ms)
{
    return parse(KIND_DURATION, text, out_ms) && *out_ms >= 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See paths.h.
 */
#include "engine/paths.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PRIVATE_DIRECTORY = 0700 };

static struct str environment(const char *name)
{
    return str_of(getenv(name)); // NOLINT(concurrency-mt-unsafe): before any thread starts
}

static bool default_state_dir(bool is_demo, struct arena *arena, struct str *out, struct err *err)
{
    const char *name = is_demo ? "exportq-demo" : "exportq";
    struct str systemd = environment("STATE_DIRECTORY");
    struct str xdg = environment("XDG_STATE_HOME");
    struct str home = environment("HOME");
    if (!str_is_empty(systemd))
        *out = systemd;
    else if (!str_is_empty(xdg))
        *out = arena_printf(arena, "%.*s/%s", STR_ARG(xdg), name);
    else if (!str_is_empty(home))
        *out = arena_printf(arena, "%.*s/.local/state/%s", STR_ARG(home), name);
    else
        return err_set_field(err, "EXPORT_STATE_DIR",
                             "there is no HOME to keep state in; set EXPORT_STATE_DIR");
    return true;
}

/* Makes the directory and what is missing above it. */
static bool make_directories(struct str path, struct arena *arena, struct err *err)
{
    char *text = arena_copy_text(arena, path);
    for (size_t i = 1; i <= path.len; i++) {
        if (text[i] != '/' && text[i] != '\0')
            continue;
        char kept = text[i];
        text[i] = '\0';
        if (mkdir(text, PRIVATE_DIRECTORY) != 0 && errno != EEXIST)
            return err_set_field(err, "EXPORT_STATE_DIR",
                                 "cannot make the directory %s (%s); set EXPORT_STATE_DIR to one "
                                 "that can be written",
                                 text, strerrordesc_np(errno));
        text[i] = kept;
    }
    return true;
}

bool paths_set_state(struct settings *settings, struct arena *arena, struct err *err)
{
    if (str_is_empty(settings->state_dir) &&
        !default_state_dir(settings->is_demo, arena, &settings->state_dir, err))
        return false;
    bool is_only_check = settings->action == ACTION_CHECK;
    if (!is_only_check && !make_directories(settings->state_dir, arena, err))
        return false;
    if (str_is_empty(settings->store_url))
        settings->store_url = arena_printf(arena, "file:%.*s/files", STR_ARG(settings->state_dir));
    return true;
}

bool paths_set_api_keys(struct settings *settings, struct arena *arena, struct err *err)
{
    if (!str_is_empty(settings->api_keys))
        return true;
    if (!paths_set_state(settings, arena, err))
        return false;
    settings->api_keys = arena_printf(arena, "%.*s/api-keys", STR_ARG(settings->state_dir));
    return true;
}

bool paths_set_types(struct settings *settings, const char *dialect, struct arena *arena,
                     struct err *err)
{
    if (!str_is_empty(settings->types_dir))
        return true;
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program);
    if (len <= 0)
        return err_set_field(err, "EXPORT_TYPES_DIR",
                             "cannot find where exportqd is installed; set EXPORT_TYPES_DIR");
    struct str directory = {program, (size_t)len};
    for (int up = 0; up < 2; up++) /* PREFIX/bin/exportqd → PREFIX */
        while (directory.len > 0 && directory.ptr[--directory.len] != '/') {
        }
    settings->types_dir =
        arena_printf(arena, "%.*s/share/exportq/types/%s", STR_ARG(directory), dialect);
    return true;
}

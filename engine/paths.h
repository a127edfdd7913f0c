/* SPDX-License-Identifier: Apache-2.0
 *
 * Where things are when no setting says: the state directory by the XDG rules or systemd's, the
 * installed type files beside the program.
 */
#ifndef ENGINE_PATHS_H
#define ENGINE_PATHS_H

#include "engine/settings.h"

/* Fills in state_dir and store_url where they are empty, and makes the state directory (0700), but
 * for ACTION_CHECK. */
bool paths_set_state(struct settings *settings, struct arena *arena, struct err *err) MUST_CHECK;

/* Fills in api_keys where it is empty: in the state directory, which is made. */
bool paths_set_api_keys(struct settings *settings, struct arena *arena, struct err *err) MUST_CHECK;

/* Fills in types_dir where it is empty: the installed types for a source's dialect. */
bool paths_set_types(struct settings *settings, const char *dialect, struct arena *arena,
                     struct err *err) MUST_CHECK;

#endif

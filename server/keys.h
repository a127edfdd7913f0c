/* SPDX-License-Identifier: Apache-2.0
 *
 * exportqd keys: makes, lists and revokes the API keys of the file EXPORT_API_KEYS
 * (identity/api_keys.h). Servers that run take note by themselves.
 */
#ifndef SERVER_KEYS_H
#define SERVER_KEYS_H

#include "engine/settings.h"

/* Whether the program was asked for this: its first word is "keys". */
bool keys_are_asked_for(int argc, char *const *argv);

/* Runs "keys …" with the words behind it, for the keys of a file; gives the exit status, 0, 1 or,
 * if the words make no sense, 2. A new key goes to standard output, alone; all else to people. */
int keys_run(int argc, char *const *argv, const char *path);

#endif

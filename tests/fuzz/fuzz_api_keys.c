/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a file of API keys, and as a key. A file that is taken says the same when its keys
 * are written again; a key that nobody made opens nothing. The input is the presented key, its
 * length first, then the file.
 */
#include "identity/api_keys.h"

#include "tests/fuzz/fuzz_input.h"

static void check_line(struct str line, struct str text)
{
    struct buf again CLEANUP(buf_done);
    struct api_key key;
    struct api_key back;
    struct err err = {0};
    buf_init(&again, API_KEY_LINE_MAX);
    fuzz_require(api_key_read(line, &key, &err), "each line of a file that was taken", text);
    api_key_write(&key, &again);
    fuzz_require(buf_is_ok(&again), "a line has room", line);
    struct str written = {again.ptr, again.len - 1};
    fuzz_require(api_key_read(written, &back, &err), "a line that was written", written);
    fuzz_require(memcmp(key.hash, back.hash, sizeof key.hash) == 0, "its hash", line);
    fuzz_require(strcmp(key.id, back.id) == 0 && str_equal(key.owner, back.owner), "whose it is",
                 line);
    fuzz_require(key.is_admin == back.is_admin && key.created_ms == back.created_ms &&
                     key.expires_ms == back.expires_ms,
                 "what it is", line);
}

static void check_file(struct str text)
{
    struct str rest = text;
    struct str line;
    while (str_next(&rest, '\n', &line))
        if (!api_key_is_remark(line))
            check_line(line, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input input = fuzz_input_of(bytes, len);
    struct str presented = fuzz_text(&input);
    struct str text = fuzz_rest(&input);
    struct api_keys *keys = NULL;
    struct arena arena = {0};
    struct err err = {0};
    struct str owner;
    bool is_admin = false;
    if (!api_keys_read(text, &keys, &err)) {
        fuzz_require(err.code == ERR_INVALID, "a mistake in the file", str_of(err.text));
        return 0;
    }
    check_file(text);
    fuzz_require(!api_keys_find(keys, presented, 0, &arena, &owner, &is_admin, &err), "no key",
                 presented);
    fuzz_require(err.code == ERR_UNAUTHENTICATED, "a refusal", str_of(err.text));
    api_keys_free(keys);
    arena_done(&arena);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See keys.h.
 */
#include "server/keys.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/reloaded.h"
#include "identity/api_keys.h"
#include "identity/name.h"
#include "server/keys_file.h"

enum { DONE = 0, FAILED = 1, USAGE = 2, DAY_LEN = 10 };

static const char help[] =
    "exportqd keys: API keys, for callers of a server with EXPORT_AUTH=key\n\n"
    "  exportqd keys add --owner NAME [--admin] [--expires DURATION]\n"
    "                              makes a key and prints it, once; the file keeps its hash\n"
    "  exportqd keys list          id, role, active or expired, days of both, owner\n"
    "  exportqd keys revoke ID     no server takes it any more, within a second or two\n\n"
    "The keys are in the file EXPORT_API_KEYS, by default api-keys in EXPORT_STATE_DIR. Servers "
    "on\n"
    "several machines share the file, as a mounted secret.\n\n"
    "examples:\n"
    "  exportqd keys add --owner reports --expires 90d >reports.key\n"
    "  EXPORTQ_TOKEN=$(cat reports.key) exportq list\n"
    "  exportqd keys list\n"
    "  exportqd keys revoke 3f9a0c61d2e8\n";

bool keys_are_asked_for(int argc, char *const *argv)
{
    return argc > 1 && strcmp(argv[1], "keys") == 0;
}

static int fail(const struct err *err, int status)
{
    (void)fprintf(stderr, "exportqd keys: %s\n", err->text);
    return status;
}

/* Told with the next step. */
static int refuse_words(const char *what, const char *word)
{
    (void)fprintf(stderr, "exportqd keys: %s%s%s; exportqd keys --help shows what there is\n", what,
                  word ? ": " : "", word ? word : "");
    return USAGE;
}

/* What is in the file has to make sense before anything is added to it or taken away. */
static bool open_file(struct keys_file *file, const char *path, bool is_to_change, struct err *err)
{
    struct api_keys *keys = NULL;
    if (!keys_file_open(file, path, is_to_change, err))
        return false;
    bool is_sound = api_keys_read(file->text.len ? buf_str(&file->text) : STR(""), &keys, err);
    api_keys_free(keys);
    return is_sound;
}

/* ---- add ---- */

static bool read_add(int argc, char *const *argv, struct api_key *out, struct err *err)
{
    int64_t lasts_ms = 0;
    out->created_ms = clock_now_ms(&clock_system);
    for (int i = 0; i < argc; i++) {
        struct str word = str_of(argv[i]);
        bool has_more = i + 1 < argc;
        if (str_equal(word, STR("--admin")))
            out->is_admin = true;
        else if (str_equal(word, STR("--owner")) && has_more)
            out->owner = str_of(argv[++i]);
        else if (str_equal(word, STR("--expires")) && has_more &&
                 settings_parse_duration(str_of(argv[i + 1]), &lasts_ms) && lasts_ms > 0)
            out->expires_ms = out->created_ms + lasts_ms, i++;
        else
            return err_set(err, ERR_INVALID,
                           "add takes --owner NAME, --admin and --expires DURATION, such as 90d; "
                           "it cannot use \"%s\"",
                           argv[i]);
    }
    return name_is_legal(out->owner) ||
           err_set(err, ERR_INVALID,
                   "add needs --owner NAME: whose jobs the caller makes and sees, in 1 to %d bytes "
                   "of printable text",
                   NAME_MAX_BYTES);
}

/* A text that servers could not read, as it is too long, would leave them with what they have. */
static bool save(const struct keys_file *file, const struct buf *text, struct err *err)
{
    if (!buf_is_ok(text) || text->len > KEYS_FILE_MAX_BYTES)
        return err_set(
            err, ERR_INVALID,
            "the file of API keys would be longer than %d bytes; revoke keys that are no "
            "longer used",
            KEYS_FILE_MAX_BYTES);
    return keys_file_save(file, text->len ? buf_str(text) : STR(""), err);
}

static bool save_with(const struct keys_file *file, const struct api_key *key, struct err *err)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, RELOADED_MAX_BYTES);
    if (file->text.len)
        buf_add_str(&text, buf_str(&file->text));
    else
        buf_add_text(&text, "# API keys, by their hashes: exportqd keys --help\n");
    if (text.ptr[text.len - 1] != '\n')
        buf_add_char(&text, '\n');
    api_key_write(key, &text);
    return save(file, &text, err);
}

static int add(int argc, char *const *argv, const char *path)
{
    struct err err = {0};
    struct api_key key = {.expires_ms = 0};
    struct keys_file file = {.lock = -1};
    struct buf text CLEANUP(buf_done);
    buf_init(&text, API_KEY_MAX_BYTES);
    if (!read_add(argc, argv, &key, &err))
        return fail(&err, USAGE);
    api_key_make(&key, &text);
    bool is_saved = open_file(&file, path, true, &err) && save_with(&file, &key, &err);
    keys_file_close(&file);
    if (!is_saved)
        return fail(&err, FAILED);
    if (printf("%s\n", text.ptr) < 0 || fflush(stdout) != 0) {
        (void)err_set(
            &err, ERR_UNAVAILABLE,
            "the key was made and could not be printed; exportqd keys revoke %s, and make "
            "another",
            key.id);
        return fail(&err, FAILED);
    }
    (void)fprintf(stderr, "this is all there will ever be to see of key %s of %.*s; keep it safe\n",
                  key.id, STR_ARG(key.owner));
    return DONE;
}

/* ---- list ---- */

static void print_key(const struct api_key *key, int64_t now_ms)
{
    char created[CALENDAR_TEXT_SIZE];
    char expires[CALENDAR_TEXT_SIZE] = "never";
    (void)calendar_format_date(key->created_ms * 1000, created);
    if (key->expires_ms)
        (void)calendar_format_date(key->expires_ms * 1000, expires);
    (void)printf("%-*s  %-5s  %-7s  %-*s  %-*s  %.*s\n", API_KEY_ID_LEN, key->id,
                 key->is_admin ? "admin" : "owner",
                 api_key_has_expired(key, now_ms) ? "expired" : "active", DAY_LEN, created, DAY_LEN,
                 expires, STR_ARG(key->owner));
}

static int list(const char *path)
{
    struct err err = {0};
    struct keys_file file = {.lock = -1};
    bool is_read = open_file(&file, path, false, &err);
    struct str rest = file.text.len ? buf_str(&file.text) : (struct str){0};
    struct str line;
    struct api_key key;
    int64_t now_ms = clock_now_ms(&clock_system);
    if (is_read)
        (void)printf("%-*s  %-5s  %-7s  %-*s  %-*s  %s\n", API_KEY_ID_LEN, "ID", "ROLE", "STATE",
                     DAY_LEN, "CREATED", DAY_LEN, "EXPIRES", "OWNER");
    while (is_read && str_next(&rest, '\n', &line))
        if (!api_key_is_remark(line) && api_key_read(line, &key, &err))
            print_key(&key, now_ms);
    keys_file_close(&file);
    return is_read ? DONE : fail(&err, FAILED);
}

/* ---- revoke ---- */

/* The file's text without the line of a key. */
static bool leave_out(struct str text, struct str id, struct buf *out)
{
    struct str rest = text;
    struct str line;
    struct api_key key;
    struct err ignored = {0}; /* every line has been read before */
    bool is_found = false;
    while (str_next(&rest, '\n', &line)) {
        bool is_it = !api_key_is_remark(line) && api_key_read(line, &key, &ignored) &&
                     str_equal(str_of(key.id), id);
        is_found = is_found || is_it;
        if (is_it || (!rest.ptr && line.len == 0))
            continue;
        buf_add_str(out, line);
        buf_add_char(out, '\n');
    }
    return is_found;
}

static int revoke(const char *id, const char *path)
{
    struct err err = {0};
    struct keys_file file = {.lock = -1};
    struct buf text CLEANUP(buf_done);
    buf_init(&text, RELOADED_MAX_BYTES);
    bool is_done = open_file(&file, path, true, &err);
    if (is_done &&
        !leave_out(file.text.len ? buf_str(&file.text) : (struct str){0}, str_of(id), &text))
        is_done =
            err_set(&err, ERR_NOT_FOUND,
                    "there is no key \"%.12s\"; exportqd keys list shows those there are", id);
    is_done = is_done && save(&file, &text, &err);
    keys_file_close(&file);
    if (!is_done)
        return fail(&err, FAILED);
    (void)fprintf(stderr, "key %s is revoked; servers take note within a second or two\n", id);
    return DONE;
}

int keys_run(int argc, char *const *argv, const char *path)
{
    struct str word = str_of(argc > 0 ? argv[0] : NULL);
    if (str_equal(word, STR("--help")) || str_equal(word, STR("-h"))) {
        (void)fputs(help, stdout);
        return DONE;
    }
    if (str_equal(word, STR("add")))
        return add(argc - 1, argv + 1, path);
    if (str_equal(word, STR("list")))
        return argc == 1 ? list(path) : refuse_words("list takes nothing more", NULL);
    if (str_equal(word, STR("revoke")))
        return argc == 2 ? revoke(argv[1], path) : refuse_words("revoke takes one id", NULL);
    return refuse_words(argc > 0 ? "there is no such command" : "say add, list or revoke",
                        argc > 0 ? argv[0] : NULL);
}

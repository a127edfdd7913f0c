/* SPDX-License-Identifier: Apache-2.0
 *
 * Who calls: by which method, with what shown, once or twice, and with keys that are replaced.
 */
#include "identity/identity.h"

#include "base/thread.h"
#include "tests/support/replaced.h"
#include "tests/unit/identity_kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

static char directory[] = "/tmp/test-identity-XXXXXX";
static struct signer issuer;
static struct signer successor;
static atomic_int reloads;
static atomic_int failed_reloads;

static const char *key_path(void)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "%s/keys", directory);
    return path;
}

static void put(const char *text)
{
    replace_file_by_text(key_path(), text);
}

static void put_key(const struct signer *signer)
{
    struct buf text CLEANUP(buf_done);
    buf_init(&text, SIGNER_TOKEN_MAX);
    signer_add_pem(signer, &text);
    put(text.ptr);
}

static void told(const char *path, const struct err *failure)
{
    assert_non_null(strstr(path, "/keys"));
    atomic_fetch_add(failure ? &failed_reloads : &reloads, 1);
}

static bool open_as(const char *methods, const char *keys, struct identity **out, struct err *err)
{
    const struct identity_options options = {
        .methods = str_of(methods),
        .jwt_keys = str_of(keys),
        .jwt = kit_rules(),
        .mtls_admins = STR("spiffe://example/root, boss@example"),
        .told = told,
    };
    return identity_new(&options, out, err);
}

static struct identity *identity_as(const char *methods, const char *keys)
{
    struct identity *identity = NULL;
    struct err err = {0};
    if (!open_as(methods, keys, &identity, &err))
        fail_msg("%s", err.text);
    return identity;
}

static void settings_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    put_key(&issuer);
    struct buf path CLEANUP(buf_done);
    buf_init(&path, 100);
    buf_add_text(&path, key_path());
    const char *keys = path.ptr;
    const struct {
        const char *methods;
        const char *keys;
        const char *reason; /* "": it is fine */
    } cases[] = {
        {"none", "", ""},
        {" none ", "", ""},
        {"jwt", keys, ""},
        {"mtls", "", ""},
        {"jwt,mtls", keys, ""},
        {"mtls , jwt", keys, ""},
        {"jwt,jwt", keys, ""},
        {"", "", "EXPORT_AUTH is \"\"; it takes none"},
        {",", "", "it takes none, or any of"},
        {"jwt,", keys, "it takes none, or any of"},
        {"jwt,none", keys, "it takes none, or any of"},
        {"none,jwt", keys, "it takes none, or any of"},
        {"JWT", keys, "EXPORT_AUTH is \"JWT\"; it takes"},
        {"basic", "", "it takes none, or any of jwt, key and mtls"},
        {"jwt", "", "give EXPORT_JWT_KEYS=FILE"},
        {"none", keys, ""},
        {"jwt", "/nowhere/keys", "EXPORT_JWT_KEYS: the file /nowhere/keys cannot be read"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct identity *identity = NULL;
        struct err err = {0};
        bool is_open = open_as(cases[i].methods, cases[i].keys, &identity, &err);
        assert_int_equal(is_open, cases[i].reason[0] == '\0');
        if (!strstr(err.text, cases[i].reason))
            fail_msg("%s: %s", cases[i].methods, err.text);
        identity_free(identity);
    }
}

static void names_of_claims_cannot_be_empty(void **state)
{
    (void)state;
    struct identity_options options = {.methods = STR("none"), .jwt = kit_rules()};
    struct identity *identity = NULL;
    struct err err = {0};
    options.jwt.owner_claim = STR("");
    assert_false(identity_new(&options, &identity, &err));
    assert_string_equal(err.field, "EXPORT_JWT_OWNER_CLAIM");
}

/* Asks, and gives "OWNER" or "OWNER, admin", or why not. */
static const char *ask(const struct identity *identity, const struct credentials *credentials,
                       bool is_anyone)
{
    static char answer[ERR_TEXT_SIZE];
    struct arena arena CLEANUP(arena_done) = {0};
    struct caller caller = {.owner = STR("nobody asked")};
    struct err err = {0};
    bool is_known = is_anyone ? identity_of_anyone(identity, credentials, &arena, &caller, &err)
                              : identity_of(identity, credentials, &arena, &caller, &err);
    if (is_known) {
        assert_true(str_equal(caller.address, credentials->address));
        (void)snprintf(answer, sizeof answer, "%.*s%s", STR_ARG(caller.owner),
                       caller.is_admin ? ", admin" : "");
    } else {
        assert_int_equal(err.code, ERR_UNAUTHENTICATED);
        (void)snprintf(answer, sizeof answer, "%s", err.text);
    }
    return answer;
}

static void it_knows_which_methods_it_takes(void **state)
{
    (void)state;
    static const char *const methods[] = {"jwt", "key", "mtls"};
    static const struct {
        const char *auth;
        bool takes[COUNT_OF(methods)];
    } cases[] = {
        {"none", {false}}, {"mtls", {false, false, true}}, {"mtls,jwt", {true, false, true}}};
    put_key(&issuer);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct identity *identity = identity_as(cases[i].auth, key_path());
        for (size_t j = 0; j < COUNT_OF(methods); j++)
            assert_int_equal(identity_takes(identity, str_of(methods[j])), cases[i].takes[j]);
        assert_false(identity_takes(identity, STR("none")));
        identity_free(identity);
    }
}

static void without_authentication_the_callers_word_counts(void **state)
{
    (void)state;
    static const char name[] = "x-exportq-user must be one name";
    static const char off[] = "authentication off (EXPORT_AUTH=none)";
    static const struct {
        const char *user;
        size_t count;
        const char *authorization; /* NULL: none */
        const char *caller;
        const char *anyone;
    } cases[] = {
        {"", 0, NULL, "local", ""},
        {"", 1, NULL, "local", "local"},
        {"alice", 1, NULL, "alice", "alice"},
        {"alice", 2, NULL, name, name},
        {"a\nb", 1, NULL, name, name},
        {"\xff", 1, NULL, name, name},
        {"", 0, "Bearer whatever", off, off},
        {"", 0, "Basic eDp5", off, off},
        {"", 0, "", off, off},
        {"alice", 1, "Bearer whatever", off, off},
    };
    struct identity *identity = identity_as("none", "");
    assert_true(identity_is_open(identity));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *shown = cases[i].authorization;
        const struct credentials credentials = {.user = str_of(cases[i].user),
                                                .user_count = cases[i].count,
                                                .authorization = str_of(shown ? shown : ""),
                                                .authorization_count = shown ? 1 : 0,
                                                .address = STR("127.0.0.1")};
        assert_non_null(strstr(ask(identity, &credentials, false), cases[i].caller));
        const char *said = ask(identity, &credentials, true);
        assert_non_null(strstr(said, cases[i].anyone));
        assert_true(cases[i].anyone[0] || said[0] == '\0');
    }
    identity_free(identity);
}

static void a_bearer_token_is_shown_once_and_in_one_form(void **state)
{
    (void)state;
    struct buf token CLEANUP(buf_done);
    put_key(&issuer);
    struct identity *identity = identity_as("jwt", key_path());
    kit_token(&issuer, "{\"sub\":\"alice\",\"exp\":1790000600,\"role\":\"export-admin\"}", &token);
    static const struct {
        const char *before;
        const char *behind;
        size_t count;
        const char *answer;
    } cases[] = {
        {"Bearer ", "", 1, "alice, admin"},
        {"bearer ", "", 1, "alice, admin"},
        {"BEARER   ", "", 1, "alice, admin"},
        {"Bearer ", "", 2, "more than one authorization"},
        {"Bearer ", " ", 1, "not valid here"},
        {"Bearer ", ",", 1, "not valid here"},
        {"Bearer a,Bearer ", "", 1, "not valid here"},
        {"Bearer a, Bearer ", "", 1, "not valid here"},
        {"Bearer\t", "", 1, "of a kind that is not accepted"},
        {" Bearer ", "", 1, "of a kind that is not accepted"},
        {"", "", 1, "of a kind that is not accepted"},
        {"Basic ", "", 1, "of a kind that is not accepted"},
        {"Bearer: ", "", 1, "of a kind that is not accepted"},
        {"Bearerx ", "", 1, "of a kind that is not accepted"},
        {"Bearer exq_", "", 1, "not valid here"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf header CLEANUP(buf_done);
        buf_init(&header, SIGNER_TOKEN_MAX);
        buf_printf(&header, "%s%s%s", cases[i].before, token.ptr, cases[i].behind);
        const struct credentials credentials = {.user = STR("mallory"),
                                                .user_count = 1,
                                                .authorization = buf_str(&header),
                                                .authorization_count = cases[i].count};
        for (int anyone = 0; anyone < 2; anyone++) {
            const char *said = ask(identity, &credentials, anyone);
            if (!strstr(said, cases[i].answer))
                fail_msg("%s: %s", cases[i].before, said);
            assert_null(strstr(said, token.ptr));
        }
    }
    static const char *const bare[] = {"", "Bearer", "Bearer ", "Bearer  "};
    for (size_t i = 0; i < COUNT_OF(bare); i++) {
        const struct credentials credentials = {.authorization = str_of(bare[i]),
                                                .authorization_count = 1};
        assert_null(strstr(ask(identity, &credentials, false), "alice"));
        assert_true(strlen(ask(identity, &credentials, true)) > 0);
    }
    identity_free(identity);
}

static void with_authentication_a_name_alone_is_nobody(void **state)
{
    (void)state;
    put_key(&issuer);
    const struct credentials named = {.user = STR("alice"), .user_count = 1};
    static const struct {
        const char *methods;
        const char *advice;
    } cases[] = {
        {"jwt", "credentials are missing; send \"authorization: Bearer TOKEN\""},
        {"mtls", "credentials are missing; connect with a client certificate"},
        {"jwt,mtls", "TOKEN\", or connect with a client certificate"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool has_jwt = strstr(cases[i].methods, "jwt") != NULL;
        struct identity *identity = identity_as(cases[i].methods, has_jwt ? key_path() : "");
        assert_false(identity_is_open(identity));
        assert_int_equal(identity_has_mtls(identity), strstr(cases[i].methods, "mtls") != NULL);
        assert_non_null(strstr(ask(identity, &named, false), cases[i].advice));
        assert_string_equal(ask(identity, &named, true), "");
        identity_free(identity);
    }
}

static void a_certificate_names_its_owner_once(void **state)
{
    (void)state;
    static const struct str spiffe[] = {{"spiffe://example/alice", 22}, {"spiffe://example/b", 18}};
    static const struct str root[] = {{"spiffe://example/root", 21}};
    static const struct str boss[] = {{"boss@example", 12}};
    static const struct str host[] = {{"host.example", 12}, {"www.example", 11}};
    static const struct str bad[] = {{"a\0b", 3}};
    static const struct {
        struct certificate_names names;
        const char *answer;
    } cases[] = {
        {{{spiffe}, {1}}, "spiffe://example/alice"},
        {{{spiffe, boss, host}, {1, 1, 2}}, "spiffe://example/alice"},
        {{{root}, {1}}, "spiffe://example/root, admin"},
        {{{NULL, boss, host}, {0, 1, 1}}, "boss@example, admin"},
        {{{NULL, NULL, host}, {0, 0, 1}}, "host.example"},
        {{{spiffe, boss}, {2, 1}}, "more than one URI"},
        {{{NULL, NULL, host}, {0, 0, 2}}, "more than one DNS name"},
        {{{bad}, {1}}, "the client certificate's URI cannot name an owner"},
        {{{NULL, bad}, {0, 1}}, "the client certificate's e-mail address cannot name"},
        {{{NULL}, {0}}, "credentials are missing"},
    };
    struct identity *identity = identity_as("mtls", "");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct credentials credentials = {.certificate = cases[i].names};
        const char *said = ask(identity, &credentials, false);
        if (!strstr(said, cases[i].answer))
            fail_msg("%s: %s", cases[i].answer, said);
    }
    const struct credentials with_token = {
        .certificate = cases[0].names, .authorization = STR("Bearer x"), .authorization_count = 1};
    assert_non_null(strstr(ask(identity, &with_token, false), "not valid here"));
    identity_free(identity);
}

static void a_bearer_token_wins_over_a_certificate(void **state)
{
    (void)state;
    struct buf token CLEANUP(buf_done);
    struct buf header CLEANUP(buf_done);
    static const struct str boss[] = {{"boss@example", 12}};
    put_key(&issuer);
    kit_token(&issuer, KIT_CLAIMS, &token);
    buf_init(&header, SIGNER_TOKEN_MAX);
    buf_printf(&header, "Bearer %s", token.ptr);
    struct credentials credentials = {.certificate = {{NULL, boss}, {0, 1}},
                                      .authorization = buf_str(&header),
                                      .authorization_count = 1};
    struct identity *both = identity_as("jwt,mtls", key_path());
    assert_string_equal(ask(both, &credentials, false), "alice");
    credentials.authorization.len--;
    assert_non_null(strstr(ask(both, &credentials, false), "not valid here"));
    credentials.authorization_count = 0;
    assert_string_equal(ask(both, &credentials, false), "boss@example, admin");
    identity_free(both);
    struct identity *jwt = identity_as("jwt", key_path());
    assert_non_null(strstr(ask(jwt, &credentials, false), "credentials are missing"));
    assert_string_equal(ask(jwt, &credentials, true), "");
    identity_free(jwt);
}

static bool holds(const struct identity *identity, const struct signer *signer)
{
    struct buf token CLEANUP(buf_done);
    struct buf header CLEANUP(buf_done);
    kit_token(signer, KIT_CLAIMS, &token);
    buf_init(&header, SIGNER_TOKEN_MAX);
    buf_printf(&header, "Bearer %s", token.ptr);
    const struct credentials credentials = {.authorization = buf_str(&header),
                                            .authorization_count = 1};
    return strcmp(ask(identity, &credentials, false), "alice") == 0;
}

static void keys_that_are_replaced_are_read_anew(void **state)
{
    (void)state;
    put_key(&issuer);
    struct identity *identity = identity_as("jwt", key_path());
    assert_true(holds(identity, &issuer) && !holds(identity, &successor));
    int failures_before = failed_reloads;
    put("-----BEGIN PUBLIC KEY-----\nhalf a file");
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (failed_reloads == failures_before) {
        assert_true(holds(identity, &issuer) && clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
    int reloads_before = reloads;
    put_key(&successor);
    while (reloads == reloads_before) {
        (void)holds(identity, &issuer);
        assert_true(clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
    assert_true(holds(identity, &successor) && !holds(identity, &issuer));
    identity_free(identity);
}

/* What a thread asks with; made before, for a signer is not for threads. */
struct asking {
    const struct identity *identity;
    struct str header;
    atomic_int *refused;
    atomic_bool *is_over;
};

static void *ask_and_ask(void *data)
{
    const struct asking *asking = data;
    const struct credentials credentials = {.authorization = asking->header,
                                            .authorization_count = 1};
    while (!atomic_load(asking->is_over)) {
        struct arena arena CLEANUP(arena_done) = {0};
        struct caller caller;
        struct err err = {0};
        if (!identity_of(asking->identity, &credentials, &arena, &caller, &err) ||
            !str_equal(caller.owner, STR("alice")))
            atomic_fetch_add(asking->refused, 1);
    }
    return NULL;
}

/* First the key that is there alone, then with its successor. */
static void nobody_is_refused_while_a_key_is_added(void **state)
{
    (void)state;
    pthread_t threads[4];
    atomic_int refused = 0;
    atomic_bool is_over = false;
    struct buf token CLEANUP(buf_done);
    struct buf header CLEANUP(buf_done);
    struct buf both CLEANUP(buf_done);
    put_key(&issuer);
    struct identity *identity = identity_as("jwt", key_path());
    kit_token(&issuer, KIT_CLAIMS, &token);
    buf_init(&header, SIGNER_TOKEN_MAX);
    buf_printf(&header, "Bearer %s", token.ptr);
    buf_init(&both, SIGNER_TOKEN_MAX);
    signer_add_pem(&successor, &both);
    signer_add_pem(&issuer, &both);
    struct asking asking = {identity, buf_str(&header), &refused, &is_over};
    int before = reloads;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        thread_start(&threads[i], ask_and_ask, &asking);
    put(both.ptr);
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (reloads == before && clock_monotonic_ms() < end_ms)
        thread_sleep_ms(5);
    int under_load = reloads - before;
    atomic_store(&is_over, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(under_load, 1); /* not only when the others let it */
    assert_int_equal(refused, 0);
    assert_true(holds(identity, &successor));
    identity_free(identity);
}

static int begin(void **state)
{
    (void)state;
    signer_init(&issuer, ES256);
    signer_init(&successor, ES256);
    return mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    signer_done(&issuer);
    signer_done(&successor);
    (void)unlink(key_path());
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_make_no_sense_are_refused),
        cmocka_unit_test(names_of_claims_cannot_be_empty),
        cmocka_unit_test(it_knows_which_methods_it_takes),
        cmocka_unit_test(without_authentication_the_callers_word_counts),
        cmocka_unit_test(a_bearer_token_is_shown_once_and_in_one_form),
        cmocka_unit_test(with_authentication_a_name_alone_is_nobody),
        cmocka_unit_test(a_certificate_names_its_owner_once),
        cmocka_unit_test(a_bearer_token_wins_over_a_certificate),
        cmocka_unit_test(keys_that_are_replaced_are_read_anew),
        cmocka_unit_test(nobody_is_refused_while_a_key_is_added),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

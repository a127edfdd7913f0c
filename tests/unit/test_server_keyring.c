/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys in a file, exchanged while tokens are made and taken back.
 */
#include "server/keyring.h"

#include "base/clock.h"
#include "base/thread.h"
#include "tests/support/replaced.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD_KEY "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define NEW_KEY "new:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="

enum { WAIT_MS = 10000, SIGNERS = 3 };

static char path[] = "/tmp/test-keyring-XXXXXX";
static const struct str purpose = {"test", 4};
static const struct str payload = {"what is signed", 14};
static atomic_int failures;

struct signer {
    struct keyring *ring;
    atomic_bool is_over;
};

static void put(const char *text)
{
    replace_file_by_text(path, text);
}

static void told(const char *file, const struct err *failure)
{
    assert_string_equal(file, path);
    if (failure) {
        assert_null(strstr(failure->text, "AAEC"));
        atomic_fetch_add(&failures, 1);
    }
}

static struct keyring *open_ring(void)
{
    struct keyring *ring = NULL;
    struct err err = {0};
    assert_true(keyring_open(path, told, &ring, &err));
    return ring;
}

static bool holds(struct keyring *ring, const char *id, const uint8_t *mac)
{
    return keyring_verify(ring, purpose, payload, str_of(id), mac);
}

/* Until the key of this id signs. */
static void wait_for(struct keyring *ring, const char *wanted)
{
    char id[KEYRING_ID_MAX + 1] = "";
    uint8_t mac[SHA256_SIZE];
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (strcmp(id, wanted) != 0) {
        assert_true(clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
        keyring_sign(ring, purpose, payload, id, mac);
    }
}

static void *sign_and_verify(void *data)
{
    struct signer *signer = data;
    char id[KEYRING_ID_MAX + 1];
    uint8_t mac[SHA256_SIZE];
    while (!atomic_load(&signer->is_over)) {
        keyring_sign(signer->ring, purpose, payload, id, mac);
        assert_true(holds(signer->ring, id, mac));
    }
    return NULL;
}

static void keys_are_exchanged_under_load_and_nothing_good_is_refused(void **state)
{
    (void)state;
    put(OLD_KEY "\n");
    struct signer signer = {.ring = open_ring()};
    char id[KEYRING_ID_MAX + 1];
    uint8_t mac[SHA256_SIZE];
    keyring_sign(signer.ring, purpose, payload, id, mac);
    assert_string_equal(id, "old");
    pthread_t threads[SIGNERS];
    for (size_t i = 0; i < SIGNERS; i++)
        thread_start(&threads[i], sign_and_verify, &signer);
    put(NEW_KEY "," OLD_KEY);
    wait_for(signer.ring, "new");
    assert_true(holds(signer.ring, "old", mac));
    atomic_store(&signer.is_over, true);
    for (size_t i = 0; i < SIGNERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    put(NEW_KEY);
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (holds(signer.ring, "old", mac)) {
        assert_true(clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
    keyring_free(signer.ring);
}

static void damaged_keys_leave_those_that_are_there(void **state)
{
    (void)state;
    put(OLD_KEY);
    struct keyring *ring = open_ring();
    char id[KEYRING_ID_MAX + 1];
    uint8_t mac[SHA256_SIZE];
    keyring_sign(ring, purpose, payload, id, mac);
    int before = failures;
    put("old:AAEC");
    int64_t end_ms = clock_monotonic_ms() + WAIT_MS;
    while (failures == before) {
        assert_true(holds(ring, "old", mac) && clock_monotonic_ms() < end_ms);
        thread_sleep_ms(5);
    }
    assert_true(holds(ring, "old", mac));
    keyring_free(ring);
}

static void a_file_without_keys_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " \n", ",", OLD_KEY ",", "id only"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct keyring *ring = NULL;
        struct err err = {0};
        put(texts[i]);
        assert_false(keyring_open(path, NULL, &ring, &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
}

static void what_is_signed_for_one_purpose_is_good_for_no_other(void **state)
{
    (void)state;
    struct keyring *ring = NULL;
    struct err err = {0};
    char id[KEYRING_ID_MAX + 1];
    uint8_t mac[SHA256_SIZE];
    assert_true(keyring_new(STR(NEW_KEY "," OLD_KEY), &ring, &err));
    keyring_sign(ring, purpose, payload, id, mac);
    assert_true(holds(ring, id, mac));
    assert_false(holds(ring, "old", mac));
    assert_false(holds(ring, "none", mac));
    assert_false(keyring_verify(ring, STR("tes"), payload, str_of(id), mac));
    assert_false(keyring_verify(ring, STR("test2"), payload, str_of(id), mac));
    assert_false(keyring_verify(ring, purpose, STR("what is signe"), str_of(id), mac));
    keyring_free(ring);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_exchanged_under_load_and_nothing_good_is_refused),
        cmocka_unit_test(damaged_keys_leave_those_that_are_there),
        cmocka_unit_test(a_file_without_keys_is_refused),
        cmocka_unit_test(what_is_signed_for_one_purpose_is_good_for_no_other),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What systemd is told of a unit of Type=notify.
 */
#include "engine/manager.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { NAME_SIZE = 64, TEXT_SIZE = 32 };

static void set_socket(const char *name)
{
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0); // NOLINT(concurrency-mt-unsafe)
}

/* As systemd listens: `name` is a path, or begins with '@'. */
static int listen_at(const char *name)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(here.sun_path, name, length);
    if (name[0] == '@')
        here.sun_path[0] = '\0';
    int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&here,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    set_socket(name);
    return listener;
}

static void assert_heard(int listener, const char *expected)
{
    char text[TEXT_SIZE] = "";
    assert_int_equal(recv(listener, text, sizeof text - 1, MSG_DONTWAIT), strlen(expected));
    assert_string_equal(text, expected);
}

static void tell_and_hear(const char *name)
{
    int listener = listen_at(name);
    manager_tell(MANAGER_READY);
    manager_tell(MANAGER_STOPPING);
    assert_heard(listener, "READY=1");
    assert_heard(listener, "STOPPING=1");
    (void)close(listener);
}

static void it_is_told_by_a_socket_in_the_file_system(void **state)
{
    (void)state;
    char home[] = "/tmp/exportq-manager-XXXXXX";
    char name[NAME_SIZE];
    assert_non_null(mkdtemp(home));
    (void)snprintf(name, sizeof name, "%s/notify", home);
    tell_and_hear(name);
    manager_tell(MANAGER_READY); /* nobody hears any more, which harms nothing */
    assert_int_equal(unlink(name), 0);
    manager_tell(MANAGER_READY);
    assert_int_equal(rmdir(home), 0);
}

static void it_is_told_by_a_socket_in_no_file_system(void **state)
{
    (void)state;
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "@exportq-manager-%d", (int)getpid());
    tell_and_hear(name);
}

static void without_a_manager_nothing_is_told(void **state)
{
    (void)state;
    char longer[sizeof((struct sockaddr_un *)NULL)->sun_path + 2];
    (void)unsetenv("NOTIFY_SOCKET"); // NOLINT(concurrency-mt-unsafe)
    manager_tell(MANAGER_READY);
    set_socket("");
    manager_tell(MANAGER_READY);
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    set_socket(longer);
    manager_tell(MANAGER_READY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_told_by_a_socket_in_the_file_system),
        cmocka_unit_test(it_is_told_by_a_socket_in_no_file_system),
        cmocka_unit_test(without_a_manager_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

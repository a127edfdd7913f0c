/* SPDX-License-Identifier: Apache-2.0
 *
 * An object store that is slow, full of faults, or lies: this program plays it, a step of a script
 * for each request.
 */
#include "tests/unit/files_kit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <sys/socket.h>

enum { MAX_STEPS = 16, HEAD_SIZE = 8192, PART = 8 << 20, BODY_PIECE = 65536 };

#define LISTED \
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 19\r\n\r\n<ListBucketResult/>"
#define DONE "HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define SLOW ANSWER("503 Slow Down", "<Error><Code>SlowDown</Code></Error>")
#define GONE ANSWER("404 Not Found", "<Error><Code>NoSuchUpload</Code></Error>")
#define BEGUN                                                                  \
    ANSWER("200 OK", "<InitiateMultipartUploadResult><UploadId>u/1</UploadId>" \
                     "</InitiateMultipartUploadResult>")
#define LATE                 ANSWER("200 OK", "  <Error><Code>InternalError</Code></Error>")
#define FORBIDS              ANSWER("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>")
#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define CUT                  ""       /* closes without a word */
#define SILENT               "silent" /* says nothing until the end */

struct step {
    const char *wants; /* how the request has to begin */
    const char *answer;
};

struct world {
    const struct step *steps;
    size_t step_count;
    int listener;
    int silent;  /* a connection that waits; -1: none */
    size_t done; /* steps; read when the thread has ended */
    bool is_as_wanted;
    char head[MAX_STEPS][HEAD_SIZE];
    pthread_t thread;
    char endpoint[64];
    struct files *files;
};

/* The length that the head of a request tells of its body. */
static size_t body_len(const char *head)
{
    const char *at = strstr(head, "\r\nContent-Length:");
    return at ? strtoul(at + sizeof "\r\nContent-Length:" - 1, NULL, 10) : 0;
}

static void take_request(int fd, char head[HEAD_SIZE])
{
    static char piece[BODY_PIECE];
    size_t len = 0;
    const char *end = NULL;
    while (!end && len < HEAD_SIZE - 1) {
        ssize_t count = recv(fd, head + len, HEAD_SIZE - 1 - len, 0);
        if (count <= 0)
            return;
        len += (size_t)count;
        head[len] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    if (strstr(head, "\r\nExpect: 100-continue\r\n"))
        (void)!write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    size_t had = end ? len - (size_t)(end + 4 - head) : 0;
    for (size_t left = body_len(head) - had; left;) {
        ssize_t count = recv(fd, piece, left < sizeof piece ? left : sizeof piece, 0);
        if (count <= 0)
            return;
        left -= (size_t)count;
    }
}

static void *play(void *arg)
{
    struct world *world = arg;
    for (; world->done < world->step_count; world->done++) {
        const struct step *step = &world->steps[world->done];
        char *head = world->head[world->done];
        int fd = accept(world->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        take_request(fd, head);
        if (!str_starts_with(str_of(head), str_of(step->wants)))
            world->is_as_wanted = false;
        if (strcmp(step->answer, SILENT) == 0) {
            world->silent = fd;
            continue;
        }
        (void)!write(fd, step->answer, strlen(step->answer));
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
    }
    return NULL;
}

static struct files_options options_of(const struct world *world)
{
    return (struct files_options){.sharing = FILES_SHARED,
                                  .s3 = {.access_key = STR("key"),
                                         .secret_key = STR("hush-hush-hush"),
                                         .session_token = STR("lent/for+a=while"),
                                         .region = STR("us-east-1"),
                                         .endpoint = str_of(world->endpoint)}};
}

/* Begins to play the steps after that of opening. */
static void begin(struct world *world, const struct step *steps, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    *world =
        (struct world){.steps = steps, .step_count = count, .silent = -1, .is_as_wanted = true};
    world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(world->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(world->listener, 16), 0);
    assert_int_equal(getsockname(world->listener, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(world->endpoint, sizeof world->endpoint, "http://127.0.0.1:%d",
                   ntohs(address.sin_port));
    thread_start(&world->thread, play, world);
    struct err err = {0};
    const struct files_options options = options_of(world);
    if (!files_open_store(STR("s3://bucket/p"), &options, &world->files, &err))
        fail_msg("%s", err.text);
}

/* All steps were played, in their order. */
static void end(struct world *world)
{
    files_close_store(world->files);
    (void)shutdown(world->listener, SHUT_RDWR);
    pthread_join(world->thread, NULL);
    (void)close(world->listener);
    if (world->silent >= 0)
        (void)close(world->silent);
    for (size_t i = 0; i < world->step_count && !world->is_as_wanted; i++)
        print_message("%s | %.70s\n", world->steps[i].wants, world->head[i]);
    assert_true(world->is_as_wanted);
    assert_int_equal(world->done, world->step_count);
}

#define BEGIN(world, steps) begin(world, steps, COUNT_OF(steps))
#define OPENING                                                    \
    {                                                              \
        "GET /bucket/?list-type=2&max-keys=1&prefix=p%2F ", LISTED \
    }

/* Stores a file that is a part and a byte. */
static bool store_large(struct files *files, struct err *err)
{
    struct file_facts facts = {0};
    char *bytes = mem_new_array(PART + 1, 1);
    bool is_stored = kit_store(files, "k", bytes, PART + 1, &facts, err);
    free(bytes);
    return is_stored;
}

static void faults_that_pass_are_waited_for(void **state)
{
    static struct world world;
    static const struct step steps[] = {OPENING,
                                        {"PUT /bucket/p/k ", SLOW},
                                        {"PUT /bucket/p/k ", CUT},
                                        {"PUT /bucket/p/k ", "HTTP/1.1 500 Oh\r\n\r\n"},
                                        {"PUT /bucket/p/k ", DONE}};
    struct err err = {0};
    struct file_facts facts = {0};
    (void)state;
    BEGIN(&world, steps);
    if (!kit_store(world.files, "k", "hello", 5, &facts, &err))
        fail_msg("%s", err.text);
    end(&world);
}

static void what_is_not_allowed_is_asked_once(void **state)
{
    static struct world world;
    static const struct step steps[] = {
        OPENING, {"PUT /bucket/p/k ", FORBIDS}, {"DELETE /bucket/p/k ", FORBIDS}};
    struct err err = {0};
    struct file_facts facts = {0};
    (void)state;
    BEGIN(&world, steps);
    assert_false(kit_store(world.files, "k", "hello", 5, &facts, &err));
    assert_int_equal(err.code, ERR_STORE_DENIED);
    end(&world);
}

static void all_that_is_given_is_signed(void **state)
{
    static struct world world;
    static const struct step steps[] = {OPENING, {"PUT /bucket/p/k ", DONE}};
    struct err err = {0};
    struct file_facts facts = {0};
    (void)state;
    BEGIN(&world, steps);
    assert_true(kit_store(world.files, "k", "hello", 5, &facts, &err));
    end(&world);
    assert_non_null(strstr(world.head[1], "\r\nx-amz-security-token: lent/for+a=while\r\n"));
    assert_non_null(strstr(world.head[1], "SignedHeaders=content-type;host;x-amz-content-sha256;"
                                          "x-amz-date;x-amz-security-token,"));
    assert_non_null(strstr(world.head[1], facts.sha256)); /* of the body */
    assert_null(strstr(world.head[1], "hush"));
}

static void a_completion_that_fails_after_its_200_is_tried_again(void **state)
{
    static struct world world;
    static const struct step steps[] = {
        OPENING,
        {"POST /bucket/p/k?uploads= ", BEGUN},
        {"PUT /bucket/p/k?partNumber=1&uploadId=u%2F1 ", DONE},
        {"PUT /bucket/p/k?partNumber=2&uploadId=u%2F1 ", DONE},
        {"POST /bucket/p/k?uploadId=u%2F1 ", LATE},
        {"POST /bucket/p/k?uploadId=u%2F1 ", DONE},
        {"HEAD /bucket/p/k ", "HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n"}};
    struct err err = {0};
    (void)state;
    BEGIN(&world, steps);
    if (!store_large(world.files, &err))
        fail_msg("%s", err.text);
    end(&world);
}

static void a_completion_whose_answer_was_lost_is_found_done(void **state)
{
    static struct world world;
    static const struct step steps[] = {
        OPENING,
        {"POST /bucket/p/k?uploads= ", BEGUN},
        {"PUT /bucket/p/k?partNumber=1&uploadId=u%2F1 ", DONE},
        {"PUT /bucket/p/k?partNumber=2&uploadId=u%2F1 ", DONE},
        {"POST /bucket/p/k?uploadId=u%2F1 ", CUT},
        {"POST /bucket/p/k?uploadId=u%2F1 ", GONE},
        {"HEAD /bucket/p/k ", "HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n"}};
    struct err err = {0};
    (void)state;
    BEGIN(&world, steps);
    if (!store_large(world.files, &err))
        fail_msg("%s", err.text);
    end(&world);
}

static void a_completion_that_took_the_upload_and_made_no_file_fails(void **state)
{
    static struct world world;
    static const struct step steps[] = {
        OPENING,
        {"POST /bucket/p/k?uploads= ", BEGUN},
        {"PUT /bucket/p/k?partNumber=1&uploadId=u%2F1 ", DONE},
        {"PUT /bucket/p/k?partNumber=2&uploadId=u%2F1 ", DONE},
        {"POST /bucket/p/k?uploadId=u%2F1 ", CUT},
        {"POST /bucket/p/k?uploadId=u%2F1 ", GONE},
        {"HEAD /bucket/p/k ", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
        {"DELETE /bucket/p/k?uploadId=u%2F1 ", GONE},
        {"DELETE /bucket/p/k ", DONE}};
    struct err err = {0};
    (void)state;
    BEGIN(&world, steps);
    assert_false(store_large(world.files, &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    assert_non_null(strstr(err.text, "upload"));
    end(&world);
}

static void a_file_of_another_size_is_refused_and_removed(void **state)
{
    static struct world world;
    static const struct step steps[] = {
        OPENING,
        {"POST /bucket/p/k?uploads= ", BEGUN},
        {"PUT /bucket/p/k?partNumber=1&uploadId=u%2F1 ", DONE},
        {"PUT /bucket/p/k?partNumber=2&uploadId=u%2F1 ", DONE},
        {"POST /bucket/p/k?uploadId=u%2F1 ", DONE},
        {"HEAD /bucket/p/k ", "HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n"},
        {"DELETE /bucket/p/k?uploadId=u%2F1 ", GONE},
        {"DELETE /bucket/p/k ", DONE}};
    struct err err = {0};
    (void)state;
    BEGIN(&world, steps);
    assert_false(store_large(world.files, &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    end(&world);
}

/* While the store is silent, and while it is waited for between two tries. */
static void a_stop_ends_the_waiting(void **state)
{
    static struct world world;
    static const struct step steps[] = {
        OPENING, {"PUT /bucket/p/k ", SILENT}, {"DELETE /bucket/p/k ", DONE}};
    (void)state;
    BEGIN(&world, steps);
    for (int round = 0; round < 2; round++) {
        struct err err = {0};
        struct file_facts facts = {0};
        struct file_writer *writer = NULL;
        struct stop stop;
        stop_init(&stop, 300);
        assert_true(files_create(world.files, STR("k"), &writer, &err));
        file_writer_heed(writer, &stop);
        assert_true(sink_write(file_writer_sink(writer), "x", 1, &err));
        int64_t begin_ms = clock_monotonic_ms();
        if (round == 1)
            (void)shutdown(world.listener, SHUT_RDWR); /* nobody there any more */
        assert_false(file_writer_commit(writer, &facts, &err));
        assert_int_equal(err.code, ERR_GUARD_RAIL);
        assert_in_range(clock_monotonic_ms() - begin_ms, 0, 2000);
    }
    end(&world);
}

/* Who removes many files does not wait for each. */
static void removals_do_not_ask_a_store_that_is_away_again_and_again(void **state)
{
    static struct world world;
    static const struct step steps[] = {OPENING, {"DELETE /bucket/p/k ", CUT}};
    struct err err = {0};
    (void)state;
    BEGIN(&world, steps);
    for (int i = 0; i < 100; i++) {
        assert_false(files_remove(world.files, STR("k"), &err));
        assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    }
    end(&world);
}

static void answers_that_do_not_fit_the_question_are_refused(void **state)
{
    static const char *const answers[] = {
        ANSWER("206 Partial Content", "0123456789abc"), /* more */
        ANSWER("206 Partial Content", "01234"),         /* less */
        ANSWER("204 No Content", ""),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        static struct world world;
        struct step steps[] = {
            OPENING,
            {"HEAD /bucket/p/k ", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"},
            {"GET /bucket/p/k ", answers[i]}};
        struct err err = {0};
        struct file_reader *reader = NULL;
        char bytes[10];
        size_t len = 0;
        BEGIN(&world, steps);
        assert_true(files_open(world.files, STR("k"), &reader, &err));
        assert_false(file_reader_read(reader, 0, bytes, sizeof bytes, &len, &err));
        assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
        file_reader_close(reader);
        end(&world);
    }
}

static void a_list_that_leads_to_itself_ends(void **state)
{
#define PAGE                                                                                     \
    ANSWER("200 OK", "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t" \
                     "</NextContinuationToken></ListBucketResult>")
    static struct world world;
    static const struct step steps[] = {
        OPENING,
        {"GET /bucket/?delimiter=%2F&list-type=2&max-keys=100&prefix=p%2F ", PAGE},
        {"GET /bucket/?continuation-token=t&delimiter=%2F&", PAGE}};
    static struct files_portion portion;
    struct files_scan *scan = NULL;
    struct err err = {0};
    (void)state;
    BEGIN(&world, steps);
    assert_true(files_scan_open(world.files, 0, &scan, &err));
    assert_true(files_scan_next(scan, &portion, &err));
    assert_false(portion.is_last);
    assert_false(files_scan_next(scan, &portion, &err));
    assert_int_equal(err.code, ERR_STORE_UNAVAILABLE);
    files_scan_close(scan);
    end(&world);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_that_pass_are_waited_for),
        cmocka_unit_test(what_is_not_allowed_is_asked_once),
        cmocka_unit_test(all_that_is_given_is_signed),
        cmocka_unit_test(a_completion_that_fails_after_its_200_is_tried_again),
        cmocka_unit_test(a_completion_whose_answer_was_lost_is_found_done),
        cmocka_unit_test(a_completion_that_took_the_upload_and_made_no_file_fails),
        cmocka_unit_test(a_file_of_another_size_is_refused_and_removed),
        cmocka_unit_test(a_stop_ends_the_waiting),
        cmocka_unit_test(removals_do_not_ask_a_store_that_is_away_again_and_again),
        cmocka_unit_test(answers_that_do_not_fit_the_question_are_refused),
        cmocka_unit_test(a_list_that_leads_to_itself_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

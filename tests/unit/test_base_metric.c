/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters and histograms, and how Prometheus reads them.
 */
#include "base/metric.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const colours[] = {"red", "blue"};
static const char *const sizes[] = {"s", "l"};
static const struct metric_values both[] = {{colours, 2}, {sizes, 2}};
static const double bounds[] = {0.1, 1};

static const struct metric_family things = {
    .name = "things_total", .help = "Things.", .labels = {"colour", "size"}};
static const struct metric_family times = {.name = "time_seconds",
                                           .kind = METRIC_HISTOGRAM,
                                           .help = "Times.",
                                           .labels = {"colour"},
                                           .bounds = bounds,
                                           .bound_count = 2};

static void expect(const struct metric *metric, const char *text)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 10000);
    metric_write(metric, &out);
    assert_string_equal(out.ptr, text);
}

static void a_counter_shows_what_was_counted(void **state)
{
    (void)state;
    struct metric *metric = metric_new(&things, both);
    expect(metric, "# HELP things_total Things.\n# TYPE things_total counter\n");
    metric_add(metric, (struct str[]){STR("blue"), STR("s")}, 2);
    metric_add(metric, (struct str[]){STR("blue"), STR("s")}, 3);
    metric_add(metric, (struct str[]){STR("red"), STR("l")}, 1000000000000);
    expect(metric, "# HELP things_total Things.\n# TYPE things_total counter\n"
                   "things_total{colour=\"red\",size=\"l\"} 1000000000000\n"
                   "things_total{colour=\"blue\",size=\"s\"} 5\n");
    metric_free(metric);
}

static void what_a_label_cannot_say_is_other(void **state)
{
    (void)state;
    struct metric *metric = metric_new(&things, both);
    metric_add(metric, (struct str[]){STR("pink"), STR("s")}, 1);
    metric_add(metric, (struct str[]){STR("mauve"), STR("s")}, 1);
    metric_add(metric, (struct str[]){{0}, STR("huge")}, 1);
    expect(metric, "# HELP things_total Things.\n# TYPE things_total counter\n"
                   "things_total{colour=\"other\",size=\"s\"} 2\n"
                   "things_total{colour=\"other\",size=\"other\"} 1\n");
    metric_free(metric);
}

static void zeros_are_shown_where_they_are_asked_for(void **state)
{
    (void)state;
    static const struct metric_family all = {
        .name = "all_total", .help = "All.", .labels = {"colour"}, .has_zeros = true};
    struct metric *metric = metric_new(&all, both);
    metric_add(metric, (struct str[]){STR("blue")}, 1);
    expect(metric, "# HELP all_total All.\n# TYPE all_total counter\n"
                   "all_total{colour=\"red\"} 0\nall_total{colour=\"blue\"} 1\n");
    metric_free(metric);
}

static void a_histogram_counts_up_to_each_bound(void **state)
{
    (void)state;
    static const double seconds[] = {-5, 0, 0.1, 0.5, 1.5, 7};
    struct metric *metric = metric_new(&times, both);
    for (size_t i = 0; i < COUNT_OF(seconds); i++)
        metric_observe(metric, (struct str[]){STR("red")}, seconds[i]);
    expect(metric, "# HELP time_seconds Times.\n# TYPE time_seconds histogram\n"
                   "time_seconds_bucket{colour=\"red\",le=\"0.1\"} 3\n"
                   "time_seconds_bucket{colour=\"red\",le=\"1\"} 4\n"
                   "time_seconds_bucket{colour=\"red\",le=\"+Inf\"} 6\n"
                   "time_seconds_sum{colour=\"red\"} 9.1\n"
                   "time_seconds_count{colour=\"red\"} 6\n");
    metric_free(metric);
}

static void a_histogram_without_labels_has_its_bounds_alone(void **state)
{
    (void)state;
    static const struct metric_family plain = {.name = "plain_seconds",
                                               .kind = METRIC_HISTOGRAM,
                                               .help = "Plain.",
                                               .bounds = bounds,
                                               .bound_count = 2,
                                               .has_zeros = true};
    struct metric *metric = metric_new(&plain, NULL);
    expect(metric, "# HELP plain_seconds Plain.\n# TYPE plain_seconds histogram\n"
                   "plain_seconds_bucket{le=\"0.1\"} 0\nplain_seconds_bucket{le=\"1\"} 0\n"
                   "plain_seconds_bucket{le=\"+Inf\"} 0\n"
                   "plain_seconds_sum 0\nplain_seconds_count 0\n");
    metric_free(metric);
}

static void a_label_holds_anything(void **state)
{
    (void)state;
    static const struct metric_family gauge = {
        .name = "g", .kind = METRIC_GAUGE, .help = "G.", .labels = {"a"}};
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 1000);
    metric_write_head(&gauge, &out);
    metric_write_sample(&gauge, (struct str[]){STR("a\"b\\c\nd é")}, 0.25, &out);
    assert_string_equal(out.ptr, "# HELP g G.\n# TYPE g gauge\ng{a=\"a\\\"b\\\\c\\nd é\"} 0.25\n");
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_all(void *arg)
{
    struct metric **metrics = arg;
    for (int i = 0; i < ROUNDS; i++) {
        metric_add(metrics[0], (struct str[]){STR("red"), STR("s")}, 1);
        metric_observe(metrics[1], (struct str[]){STR("red")}, 0.5);
    }
    return NULL;
}

static void threads_that_count_at_once_lose_nothing(void **state)
{
    (void)state;
    struct metric *metrics[] = {metric_new(&things, both), metric_new(&times, both)};
    pthread_t threads[THREADS];
    struct buf out CLEANUP(buf_done);
    buf_init(&out, 100000);
    for (size_t i = 0; i < THREADS; i++)
        thread_start(&threads[i], count_all, metrics);
    for (int i = 0; i < 100; i++) {
        buf_clear(&out);
        metric_write(metrics[1], &out);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    buf_clear(&out);
    metric_write(metrics[0], &out);
    metric_write(metrics[1], &out);
    assert_non_null(strstr(out.ptr, "things_total{colour=\"red\",size=\"s\"} 80000\n"));
    assert_non_null(strstr(out.ptr, "time_seconds_bucket{colour=\"red\",le=\"0.1\"} 0\n"));
    assert_non_null(strstr(out.ptr, "time_seconds_bucket{colour=\"red\",le=\"1\"} 80000\n"));
    assert_non_null(strstr(out.ptr, "time_seconds_sum{colour=\"red\"} 40000\n"));
    metric_free(metrics[0]);
    metric_free(metrics[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_shows_what_was_counted),
        cmocka_unit_test(what_a_label_cannot_say_is_other),
        cmocka_unit_test(zeros_are_shown_where_they_are_asked_for),
        cmocka_unit_test(a_histogram_counts_up_to_each_bound),
        cmocka_unit_test(a_histogram_without_labels_has_its_bounds_alone),
        cmocka_unit_test(a_label_holds_anything),
        cmocka_unit_test(threads_that_count_at_once_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What the metrics say after this and that was done. With --print it shows them as Prometheus would
 * get them, for promtool to check.
 */
#include "server/metrics.h"

#include "base/mem.h"
#include "queue/audit.h"
#include "rpc/status.h"
#include "server/exports.h"
#include "server/metrics_table.h"
#include "tests/support/shop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const routes[] = {"/api/exports/jobs", "/api/exports/jobs/{id}"};

struct world {
    struct shop shop;
    struct hub *hub;
    struct limits *limits;
    struct exports exports;
    struct metrics *metrics;
    struct buf text;
};

static struct world *world_open(void)
{
    static const struct limits_options limits = {
        .clock = &clock_system, .most = {[LIMIT_OWNER_WATCHES] = 1, [LIMIT_WATCHES] = 7}};
    const struct store_options options = store_options_default();
    struct world *world = mem_new(struct world);
    shop_open(&world->shop);
    world->hub = hub_new();
    world->limits = limits_new(&limits);
    const struct metrics_options of = {world->shop.runner.catalog, routes, COUNT_OF(routes)};
    world->metrics = metrics_new_server(&of);
    world->exports = (struct exports){
        .is_enabled = true,
        .limits = world->limits,
        .metrics = world->metrics,
        .store = store_memory_new(&options, &clock_system, world->hub),
        .hub = world->hub,
        .is_file_store_ok = true,
    };
    const struct metrics_sources sources = {.store = world->exports.store,
                                            .exports = &world->exports};
    metrics_set_sources(world->metrics, &sources);
    buf_init(&world->text, METRICS_MAX_BYTES);
    return world;
}

static void world_close(struct world *world)
{
    buf_done(&world->text);
    metrics_free(world->metrics);
    store_free(world->exports.store);
    hub_free(world->hub);
    limits_free(world->limits);
    shop_close(&world->shop);
    free(world);
}

static int begin(void **state)
{
    *state = world_open();
    return 0;
}

static int end(void **state)
{
    world_close(*state);
    return 0;
}

static bool says(struct world *world, const char *line)
{
    struct buf whole CLEANUP(buf_done);
    buf_init(&whole, 1000);
    buf_printf(&whole, "\n%s\n", line);
    buf_clear(&world->text);
    buf_add_char(&world->text, '\n');
    metrics_write(world->metrics, &world->text);
    assert_true(buf_is_ok(&world->text));
    return memmem(world->text.ptr, world->text.len, whole.ptr, whole.len) != NULL;
}

#define SAYS(line)                                                             \
    do {                                                                       \
        if (!says(world, line))                                                \
            fail_msg("the metrics do not say: %s\n%s", line, world->text.ptr); \
    } while (false)

static const struct job orders = {.spec = {.type = {"orders", 6}, .format = {"csv", 3}}};

static void do_much(struct world *world)
{
    const struct job_listener *jobs = metrics_job_listener(world->metrics);
    const struct files_listener files = metrics_files_listener(world->metrics);
    const struct job_file file = {.size = 2000, .rows = 100};
    struct job failed = orders;
    const struct exports_health health = {
        .is_store_reachable = true,
        .store_latency_ms = 1.5,
        .counters = {.queued = 3, .running = 2, .queue_age_ms = 1500},
    };
    metrics_acts(world->metrics, BIT(AUDIT_CREATE), &orders);
    jobs->started(jobs->target, &orders, 0.3);
    jobs->completed(jobs->target, &orders, &file, 4);
    failed.error.code = ERR_SOURCE_CONFLICT;
    failed.state = JOB_QUEUED;
    jobs->failed(jobs->target, &failed);
    failed.error.code = ERR_SOURCE_DATA;
    failed.state = JOB_FAILED;
    jobs->failed(jobs->target, &failed);
    metrics_acts(world->metrics, BIT(AUDIT_CANCEL) | BIT(AUDIT_DELETE), &orders);
    files.told(files.target, FILES_COMMIT, true, 0.02);
    files.told(files.target, FILES_OPEN, false, 0.02);
    metrics_download_ended(world->metrics, 2000, true);
    metrics_download_ended(world->metrics, -1, false); /* not even the header was taken */
    metrics_webhook_tried(world->metrics, DELIVERY_PENDING);
    metrics_webhook_tried(world->metrics, DELIVERY_DELIVERED);
    metrics_webhook_tried(world->metrics, DELIVERY_DELIVERED);
    metrics_felt(world->metrics, &health);
    metrics_rpc_ended(&world->exports, STR("/exportqueue.v1.ExportService/GetJob"),
                      rpc_status_from_err(ERR_NOT_FOUND), 0.004);
    metrics_http_request(world->metrics, routes[1], "GET", 404, 0.003);
}

static void jobs_are_counted_by_type_and_format(void **state)
{
    struct world *world = *state;
    do_much(world);
    SAYS("exportq_jobs_created_total{type=\"orders\",format=\"csv\"} 1");
    SAYS("exportq_jobs_finished_total{type=\"orders\",format=\"csv\",state=\"completed\"} 1");
    SAYS("exportq_jobs_finished_total{type=\"orders\",format=\"csv\",state=\"failed\"} 1");
    SAYS("exportq_jobs_finished_total{type=\"orders\",format=\"csv\",state=\"cancelled\"} 1");
    SAYS("exportq_jobs_finished_total{type=\"orders\",format=\"xlsx\",state=\"cancelled\"} 0");
    SAYS("exportq_job_wait_seconds_bucket{type=\"orders\",format=\"csv\",le=\"0.1\"} 0");
    SAYS("exportq_job_wait_seconds_bucket{type=\"orders\",format=\"csv\",le=\"0.5\"} 1");
    SAYS("exportq_job_run_seconds_sum{type=\"orders\",format=\"csv\"} 4");
    SAYS("exportq_written_rows_total{type=\"orders\",format=\"csv\"} 100");
    SAYS("exportq_written_bytes_total{type=\"orders\",format=\"csv\"} 2000");
    SAYS("exportq_job_retries_total{code=\"SOURCE_CONFLICT\"} 1");
    SAYS("exportq_job_failures_total{code=\"SOURCE_CONFLICT\"} 0");
    SAYS("exportq_job_failures_total{code=\"SOURCE_DATA\"} 1");
}

static void the_doors_are_counted_by_what_was_answered(void **state)
{
    struct world *world = *state;
    do_much(world);
    SAYS("exportq_rpc_calls_total{method=\"GetJob\",code=\"NOT_FOUND\"} 1");
    SAYS("exportq_rpc_duration_seconds_count{method=\"GetJob\"} 1");
    SAYS("exportq_http_requests_total{route=\"/api/exports/jobs/{id}\",method=\"GET\",code=\"404\"}"
         " 1");
    SAYS("exportq_http_request_duration_seconds_count{route=\"/api/exports/jobs/{id}\"} 1");
    SAYS("exportq_file_operation_seconds_count{operation=\"commit\"} 1");
    SAYS("exportq_file_operation_errors_total{operation=\"commit\"} 0");
    SAYS("exportq_file_operation_errors_total{operation=\"open\"} 1");
    SAYS("exportq_downloads_finished_total{result=\"whole\"} 1");
    SAYS("exportq_downloads_finished_total{result=\"broken\"} 1");
    SAYS("exportq_downloaded_bytes_total 2000");
    SAYS("exportq_webhooks_total{outcome=\"failed\"} 1");
    SAYS("exportq_webhooks_total{outcome=\"delivered\"} 2");
    SAYS("exportq_webhooks_total{outcome=\"given_up\"} 0");
}

static void whatever_callers_send_makes_no_metrics(void **state)
{
    struct world *world = *state;
    metrics_http_request(world->metrics, NULL, "BREW\n", 4711, 1);
    metrics_http_request(world->metrics, "/x", "", 0, 1);
    metrics_rpc_ended(&world->exports, (struct str){0}, 12, 1);
    SAYS("exportq_http_requests_total{route=\"other\",method=\"other\",code=\"other\"} 2");
    SAYS("exportq_rpc_calls_total{method=\"other\",code=\"UNIMPLEMENTED\"} 1");
    assert_null(strstr(world->text.ptr, "BREW"));
}

static void what_costs_a_query_is_told_as_it_was_felt_last(void **state)
{
    struct world *world = *state;
    assert_false(says(world, "exportq_jobs{state=\"queued\"} 0")); /* nothing was felt yet */
    SAYS("exportq_store_up 0");
    do_much(world);
    SAYS("exportq_jobs{state=\"queued\"} 3");
    SAYS("exportq_jobs{state=\"running\"} 2");
    SAYS("exportq_queue_age_seconds 1.5");
    SAYS("exportq_store_latency_seconds 0.0015");
    SAYS("exportq_store_up 1");
    SAYS("exportq_file_store_up 1");
    const struct exports_health away = {.is_store_reachable = false};
    metrics_felt(world->metrics, &away);
    SAYS("exportq_store_up 0");
    assert_false(says(world, "exportq_jobs{state=\"queued\"} 0")); /* it is not known */
}

static void limits_are_told_with_their_settings(void **state)
{
    struct world *world = *state;
    struct limits_place first = {0};
    struct limits_place second = {0};
    struct err err = {0};
    assert_true(limits_take_watch(world->limits, STR("ann"), &first, &err));
    assert_false(limits_take_watch(world->limits, STR("ann"), &second, &err));
    SAYS("exportq_limit{limit=\"EXPORT_MAX_WATCHES\"} 7");
    SAYS("exportq_limit_in_use{limit=\"EXPORT_MAX_WATCHES\"} 1");
    SAYS("exportq_limit_refusals_total{limit=\"EXPORT_MAX_WATCHES_PER_USER\"} 1");
    SAYS("exportq_watches_open 1");
    limits_give_back(&first);
    SAYS("exportq_build_info{version=\"" EXPORTQ_VERSION "\"} 1");
}

static void a_server_whose_queue_is_off_has_metrics_too(void **state)
{
    struct world *world = *state;
    world->exports.is_enabled = false;
    assert_false(says(world, "exportq_store_up 0"));
    SAYS("exportq_build_info{version=\"" EXPORTQ_VERSION "\"} 1");
}

static void who_has_no_metrics_may_tell_all_the_same(void **state)
{
    struct world *world = *state;
    const struct exports_health health = {.is_store_reachable = true};
    world->exports.metrics = NULL;
    metrics_acts(NULL, BIT(AUDIT_CREATE), &orders);
    metrics_felt(NULL, &health);
    metrics_download_ended(NULL, 1, true);
    metrics_webhook_tried(NULL, DELIVERY_GIVEN_UP);
    metrics_rpc_ended(&world->exports, STR("/a/B"), 0, 1);
    metrics_http_request(NULL, NULL, "GET", 200, 1);
    metrics_free(NULL);
}

static void each_family_has_a_name_of_its_own_and_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRIC_ID_COUNT; i++) {
        const struct metric_family *family = &metric_families[i];
        struct str name = str_of(family->name);
        bool is_total = name.len > 6 && strcmp(name.ptr + name.len - 6, "_total") == 0;
        assert_true(str_starts_with(name, STR("exportq_")) ||
                    str_starts_with(name, STR("process_")));
        assert_int_equal(is_total, family->kind == METRIC_COUNTER);
        assert_true(strlen(family->help) > 10 && strlen(family->unit) > 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(metric_families[j].name, family->name);
    }
}

static int print(void)
{
    struct world *world = world_open();
    do_much(world);
    metrics_write(world->metrics, &world->text);
    (void)fwrite(world->text.ptr, 1, world->text.len, stdout);
    world_close(world);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(jobs_are_counted_by_type_and_format, begin, end),
        cmocka_unit_test_setup_teardown(the_doors_are_counted_by_what_was_answered, begin, end),
        cmocka_unit_test_setup_teardown(whatever_callers_send_makes_no_metrics, begin, end),
        cmocka_unit_test_setup_teardown(what_costs_a_query_is_told_as_it_was_felt_last, begin, end),
        cmocka_unit_test_setup_teardown(limits_are_told_with_their_settings, begin, end),
        cmocka_unit_test_setup_teardown(a_server_whose_queue_is_off_has_metrics_too, begin, end),
        cmocka_unit_test_setup_teardown(who_has_no_metrics_may_tell_all_the_same, begin, end),
        cmocka_unit_test(each_family_has_a_name_of_its_own_and_help),
    };
    if (argc == 2 && strcmp(argv[1], "--print") == 0)
        return print();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

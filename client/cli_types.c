/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq types and health: what there is, and how it is doing.
 */
#include "client/cli.h"
#include "client/screen.h"

static void print_filter(const Exportqueue__V1__ExportFilter *filter)
{
    screen_print("  --filter %s=", filter->name);
    if (filter->n_values == 0)
        screen_print("%s", filter->type);
    for (size_t i = 0; i < filter->n_values; i++)
        screen_print("%s%s", i ? "|" : "", filter->values[i]);
    screen_print("\n      %s\n", filter->description);
}

static void print_type(const Exportqueue__V1__ExportType *type)
{
    screen_print("%s: %s%s\nformats:", type->name, type->title,
                 type->shared ? " (rows of everybody)" : "");
    for (size_t i = 0; i < type->n_formats; i++)
        screen_print(" %s", type->formats[i]);
    screen_print("\ncolumns (* in the file by default):\n");
    for (size_t i = 0; i < type->n_columns; i++)
        screen_print("  %c %-20s %-10s %s\n", type->columns[i]->is_default ? '*' : ' ',
                     type->columns[i]->name, type->columns[i]->type, type->columns[i]->title);
    screen_print("filters:%s\n", type->n_filters ? "" : " none");
    for (size_t i = 0; i < type->n_filters; i++)
        print_filter(type->filters[i]);
}

static void print_summary(const Exportqueue__V1__ExportType *type)
{
    screen_print("%-16s %s\n%17scolumns: ", type->name, type->title, "");
    for (size_t i = 0; i < type->n_columns; i++)
        screen_print("%s%s", i ? ", " : "", type->columns[i]->name);
    screen_print("\n");
    if (type->n_filters)
        screen_print("%17sfilters: ", "");
    for (size_t i = 0; i < type->n_filters; i++)
        screen_print("%s%s", i ? ", " : "", type->filters[i]->name);
    if (type->n_filters)
        screen_print("\n");
}

static int print_one(const struct cli *cli, const Exportqueue__V1__ListExportTypesResponse *types,
                     const char *name)
{
    for (size_t i = 0; i < types->n_types; i++) {
        if (strcmp(types->types[i]->name, name) != 0)
            continue;
        if (cli->is_json)
            cli_print_json(&types->types[i]->base, false);
        else
            print_type(types->types[i]);
        return CLI_DONE;
    }
    screen_tell("there is no type %s; exportq types lists all", name);
    return CLI_REFUSED;
}

int cli_types(struct cli *cli)
{
    Exportqueue__V1__ListExportTypesResponse *response = NULL;
    struct err err = {0};
    const char *name = cli->argc ? cli->argv[0] : NULL;
    if (cli->argc > 1 || (name && name[0] == '-'))
        return cli_usage("types", "types takes the name of one type, or none");
    if (!exportq_types(cli->exportq, &cli->arena, &response, &err))
        return cli_fail(cli, &err);
    if (name)
        return print_one(cli, response, name);
    if (cli->is_json) {
        cli_print_json(&response->base, false);
        return CLI_DONE;
    }
    for (size_t i = 0; i < response->n_types; i++)
        print_summary(response->types[i]);
    return CLI_DONE;
}

static const char *short_enum(const ProtobufCEnumDescriptor *descriptor, int value, size_t skip)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    return known ? known->name + skip : "UNKNOWN";
}

/* Those that say something. */
static void print_limits(const Exportqueue__V1__HealthResponse *health)
{
    for (size_t i = 0; i < health->n_limits; i++) {
        const Exportqueue__V1__LimitUse *use = health->limits[i];
        if (use->in_use || use->refused)
            screen_print("%s=%lld: %lld in use, %lld refused\n", use->name, (long long)use->limit,
                         (long long)use->in_use, (long long)use->refused);
    }
}

int cli_health(struct cli *cli)
{
    Exportqueue__V1__HealthResponse *health = NULL;
    struct err err = {0};
    if (cli->argc)
        return cli_usage("health", "health takes nothing more");
    if (!exportq_health(cli->exportq, &cli->arena, &health, &err))
        return cli_fail(cli, &err);
    bool is_well = health->status != EXPORTQUEUE__V1__HEALTH_RESPONSE__STATUS__STATUS_DEGRADED;
    int status = is_well ? CLI_DONE : CLI_JOB_FAILED;
    if (cli->is_json) {
        cli_print_json(&health->base, false);
        return status;
    }
    screen_print("status: %s\nmode: %s\nversion: %s\nuptime: %lld s\n",
                 short_enum(&exportqueue__v1__health_response__status__descriptor,
                            (int)health->status, strlen("STATUS_")),
                 short_enum(&exportqueue__v1__health_response__mode__descriptor, (int)health->mode,
                            strlen("MODE_")),
                 health->version, health->uptime ? (long long)health->uptime->seconds : 0);
    if (health->has_counters)
        screen_print("queued: %lld\nrunning: %lld\nprocessed: %lld\nfailed: %lld\nretried: %lld\n"
                     "cancelled: %lld\naverage: %lld ms\n",
                     (long long)health->queued, (long long)health->running,
                     (long long)health->processed, (long long)health->failed,
                     (long long)health->retried, (long long)health->cancelled,
                     (long long)health->avg_duration_ms);
    else
        screen_print("counters: %s\n", health->n_limits ? "not known, for the store does not answer"
                                                        : "for an admin");
    if (health->store)
        screen_print("store: %s, %.3f ms\n",
                     health->store->reachable ? "reachable" : "not reachable",
                     health->store->latency_ms);
    print_limits(health);
    return status;
}

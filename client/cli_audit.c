/* SPDX-License-Identifier: Apache-2.0
 *
 * exportq audit: who did what.
 */
#include "client/cli.h"
#include "client/screen.h"

#include "base/clock.h"
#include "base/str.h"
#include "client/when.h"

enum { DEFAULT_LIMIT = 100, ID_WIDTH = 36 };

/* What was asked for, and where printing stands. */
struct audit {
    struct cli *cli;
    Exportqueue__V1__ListAuditEntriesRequest request;
    Google__Protobuf__Timestamp since;
    Google__Protobuf__Timestamp until;
    int64_t limit;
    bool has_begun;
    int actor; /* widths of columns, which never get narrower */
    int address;
    int type;
};

/* ---- Printing ---- */

/* "create" for AUDIT_ACTION_CREATE. */
static const char *action_name(Exportqueue__V1__AuditAction action, char out[32])
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(
        &exportqueue__v1__audit_action__descriptor, (int)action);
    bool is_known = known && action != EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_UNSPECIFIED;
    const char *name = is_known ? known->name + strlen("AUDIT_ACTION_") : "UNKNOWN";
    size_t len = 0;
    for (; name[len] && len < 31; len++)
        out[len] = str_lower(name[len]);
    out[len] = '\0';
    return out;
}

static void widen(int *width, const char *text)
{
    int len = (int)strlen(text);
    if (len > *width)
        *width = len;
}

/* Who did it: an empty name is whoever had a token. */
static const char *actor_of(const Exportqueue__V1__AuditEntry *entry)
{
    return entry->actor[0] ? entry->actor : "(token)";
}

static void print_entry(const struct audit *audit, const Exportqueue__V1__AuditEntry *entry)
{
    char time[CALENDAR_TEXT_SIZE] = "";
    char action[32];
    if (entry->time)
        when_format_seconds(entry->time, time);
    screen_print("%-20s  %-8s  %-*s  %-*s  %-*s  %-*s  %s\n", time,
                 action_name(entry->action, action), audit->actor, actor_of(entry), audit->address,
                 entry->address, ID_WIDTH, entry->job_id, audit->type, entry->type,
                 strcmp(entry->owner, entry->actor) != 0 ? entry->owner : "");
}

static void print_page(struct audit *audit, const Exportqueue__V1__ListAuditEntriesResponse *page)
{
    for (size_t i = 0; i < page->n_entries && !audit->cli->is_json; i++) {
        widen(&audit->actor, actor_of(page->entries[i]));
        widen(&audit->address, page->entries[i]->address);
        widen(&audit->type, page->entries[i]->type);
    }
    if (!audit->has_begun && !audit->cli->is_json)
        screen_print("%-20s  %-8s  %-*s  %-*s  %-*s  %-*s  %s\n", "TIME", "ACTION", audit->actor,
                     "ACTOR", audit->address, "ADDRESS", ID_WIDTH, "JOB", audit->type, "TYPE",
                     "OWNER");
    for (size_t i = 0; i < page->n_entries; i++) {
        if (audit->cli->is_json)
            cli_print_json(&page->entries[i]->base, true);
        else
            print_entry(audit, page->entries[i]);
    }
    audit->has_begun = true;
}

static bool print_next(void *target, int32_t size, struct arena *arena, struct cli_page *out,
                       struct err *err)
{
    struct audit *audit = target;
    Exportqueue__V1__ListAuditEntriesResponse *page = NULL;
    audit->request.page_size = size;
    if (!exportq_audit(audit->cli->exportq, &audit->request, arena, &page, err))
        return false;
    print_page(audit, page);
    audit->request.page_token = page->next_page_token;
    *out = (struct cli_page){page->n_entries, page->next_page_token[0] != '\0'};
    return true;
}

/* ---- Options ---- */

enum { ACTOR, OWNER, JOB, ACTION, SINCE, UNTIL, LIMIT };

static const struct option audit_options[] = {
    [ACTOR] = {"--actor", 'a', true}, [OWNER] = {"--owner", 0, true},
    [JOB] = {"--job", 'j', true},     [ACTION] = {"--action", 0, true},
    [SINCE] = {"--since", 0, true},   [UNTIL] = {"--until", 0, true},
    [LIMIT] = {"--limit", 'n', true},
};

static bool parse_action(struct str name, Exportqueue__V1__AuditAction *out)
{
    const ProtobufCEnumDescriptor *actions = &exportqueue__v1__audit_action__descriptor;
    for (unsigned i = 0; i < actions->n_values; i++) {
        char known[32];
        Exportqueue__V1__AuditAction action =
            (Exportqueue__V1__AuditAction)actions->values[i].value;
        if (action != EXPORTQUEUE__V1__AUDIT_ACTION__AUDIT_ACTION_UNSPECIFIED &&
            str_equal_nocase(name, str_of(action_name(action, known)))) {
            *out = action;
            return true;
        }
    }
    return false;
}

static bool take_actions(struct audit *audit, const char *value)
{
    struct str rest = str_of(value);
    struct str name;
    Exportqueue__V1__ListAuditEntriesRequest *request = &audit->request;
    size_t room = request->n_actions;
    for (const char *at = value; *at; at++)
        room += *at == ',';
    Exportqueue__V1__AuditAction *actions =
        arena_alloc_array(&audit->cli->arena, room + 1, sizeof *actions);
    for (size_t i = 0; i < request->n_actions; i++)
        actions[i] = request->actions[i];
    request->actions = actions;
    while (str_next(&rest, ',', &name)) {
        if (!parse_action(str_trim(name), &actions[request->n_actions])) {
            (void)cli_usage("audit",
                            "unknown action %.*s; there are create, cancel, retry, delete, token, "
                            "download, resume and resend",
                            STR_ARG(name));
            return false;
        }
        request->n_actions++;
    }
    return true;
}

static bool take_time(const char *option, const char *value, Google__Protobuf__Timestamp *place,
                      Google__Protobuf__Timestamp **out)
{
    if (!when_parse(str_of(value), clock_now_ms(&clock_system), place)) {
        (void)cli_usage("audit",
                        "%s takes how long ago, such as 45m, 2h or 7d, or a time of UTC, such as "
                        "2026-11-01 or 2026-11-01T08:30:00Z",
                        option);
        return false;
    }
    *out = place;
    return true;
}

/* False after telling of a mistake. */
static bool take_option(struct audit *audit, int at, const char *value)
{
    char *text = (char *)value;
    switch (at) {
    case ACTOR:
        audit->request.actor = text;
        return true;
    case OWNER:
        audit->request.owner = text;
        return true;
    case JOB:
        audit->request.job_id = text;
        return true;
    case ACTION:
        return take_actions(audit, value);
    case SINCE:
        return take_time("--since", value, &audit->since, &audit->request.since);
    case UNTIL:
        return take_time("--until", value, &audit->until, &audit->request.until);
    case LIMIT:
        if (str_to_int64(str_of(value), &audit->limit) && audit->limit >= 1)
            return true;
        (void)cli_usage("audit", "--limit takes a number of 1 or more");
        return false;
    default:
        (void)cli_usage("audit", "audit takes no %s", value);
        return false;
    }
}

int cli_audit(struct cli *cli)
{
    struct audit audit = {
        .cli = cli,
        .request = EXPORTQUEUE__V1__LIST_AUDIT_ENTRIES_REQUEST__INIT,
        .since = GOOGLE__PROTOBUF__TIMESTAMP__INIT,
        .until = GOOGLE__PROTOBUF__TIMESTAMP__INIT,
        .limit = DEFAULT_LIMIT,
        .actor = (int)strlen("(token)"),
        .address = (int)strlen("192.168.100.100"),
        .type = (int)strlen("TYPE"),
    };
    struct options options = {.table = audit_options,
                              .count = COUNT_OF(audit_options),
                              .argc = cli->argc,
                              .argv = cli->argv};
    const char *value = NULL;
    struct err err = {0};
    int at = 0;
    while ((at = options_next(&options, &value, &err)) != OPTIONS_END) {
        if (at == OPTIONS_BAD)
            return cli_usage("audit", "%s", err.text);
        if (!take_option(&audit, at, value))
            return CLI_USAGE;
    }
    const struct cli_pages pages = {audit.limit, &audit, print_next};
    return cli_print_pages(cli, &pages);
}

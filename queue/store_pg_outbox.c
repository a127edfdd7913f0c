/* SPDX-License-Identifier: Apache-2.0
 *
 * See store_pg.h. Here: who is to be told of ends. Deliveries are written by a trigger (migration
 * 0005), so that no statement and no older program can end a job without them.
 */
#include "queue/refusal.h"
#include "queue/store_pg.h"
#include "sql_queries.h"

enum { URLS_MAX_BYTES = 1 << 20, STATES_MAX_BYTES = 64 };

/* As claim_deliveries.sql, list_deliveries.sql and resend_delivery.sql give them. */
enum column {
    ID,
    URL,
    STATE,
    ATTEMPT,
    FAILURES,
    CREATED_MS,
    NEXT_MS,
    SETTLED_MS,
    STATUS,
    REASON,
    JOB,
    OWNER,
    REQUEST_ID,
    TYPE,
    FORMAT,
    JOB_STATE,
    JOB_ATTEMPT,
    JOB_CREATED_MS,
    JOB_STARTED_MS,
    JOB_EXPIRES_MS,
    ERROR_CODE,
    ERROR_MESSAGE,
    FILE_NAME,
    FILE_SHA256,
    FILE_SIZE,
    FILE_ROWS,
    NUMBER,
    IS_ACT, /* resend_delivery.sql alone */
};

/* ---- Rows ---- */

static struct str text(const PGresult *result, int row, enum column column, struct arena *arena)
{
    return arena_copy_str(arena, str_of(PQgetvalue(result, row, (int)column)));
}

static int64_t number(const PGresult *result, int row, enum column column)
{
    int64_t value = 0;
    bool is_number = str_to_int64(str_of(PQgetvalue(result, row, (int)column)), &value);
    return is_number ? value : 0;
}

static enum job_state read_state(struct str name)
{
    int state = 0;
    while (state < JOB_STATE_COUNT - 1 &&
           !str_equal(name, str_of(job_state_name((enum job_state)state))))
        state++;
    return (enum job_state)state;
}

static bool read_job(const PGresult *result, int row, struct arena *arena, struct job *out)
{
    const char *error = PQgetvalue(result, row, ERROR_CODE);
    *out = (struct job){
        .spec = {.type = text(result, row, TYPE, arena),
                 .format = text(result, row, FORMAT, arena)},
        .owner = text(result, row, OWNER, arena),
        .request_id = text(result, row, REQUEST_ID, arena),
        .state = read_state(str_of(PQgetvalue(result, row, JOB_STATE))),
        .attempt = (int32_t)number(result, row, JOB_ATTEMPT),
        .error = {error[0] ? err_code_from_name(error) : ERR_NONE,
                  text(result, row, ERROR_MESSAGE, arena)},
        .file = {.name = text(result, row, FILE_NAME, arena),
                 .sha256 = text(result, row, FILE_SHA256, arena),
                 .size = number(result, row, FILE_SIZE),
                 .rows = number(result, row, FILE_ROWS)},
        .created_ms = number(result, row, JOB_CREATED_MS),
        .started_ms = number(result, row, JOB_STARTED_MS),
        .completed_ms = number(result, row, CREATED_MS),
        .expires_ms = number(result, row, JOB_EXPIRES_MS),
    };
    return uuid_parse(str_of(PQgetvalue(result, row, JOB)), &out->id);
}

static bool read_delivery(const PGresult *result, int row, struct arena *arena,
                          struct delivery *out)
{
    *out = (struct delivery){
        .number = number(result, row, NUMBER),
        .url = text(result, row, URL, arena),
        .state = delivery_state_of(str_of(PQgetvalue(result, row, STATE))),
        .attempt = (int32_t)number(result, row, ATTEMPT),
        .failures = (int32_t)number(result, row, FAILURES),
        .created_ms = number(result, row, CREATED_MS),
        .next_ms = number(result, row, NEXT_MS),
        .settled_ms = number(result, row, SETTLED_MS),
        .status = (int32_t)number(result, row, STATUS),
        .reason = text(result, row, REASON, arena),
    };
    return uuid_parse(str_of(PQgetvalue(result, row, ID)), &out->id) &&
           read_job(result, row, arena, &out->job);
}

static bool read_all(const PGresult *result, struct arena *arena, const struct delivery **out,
                     size_t *out_count, struct err *err)
{
    size_t count = (size_t)PQntuples(result);
    struct delivery *deliveries = arena_alloc_array(arena, count, sizeof *deliveries);
    for (size_t i = 0; i < count; i++)
        if (!read_delivery(result, (int)i, arena, &deliveries[i]))
            return err_set(err, ERR_INTERNAL, "the table exportq.delivery holds what is none");
    *out = deliveries;
    *out_count = count;
    return true;
}

/* ---- The operations ---- */

static void add_text(struct buf *array, struct str text, struct arena *arena)
{
    buf_add_char(array, array->len ? ',' : '{');
    pg_add_element(array, pg_text(arena, text));
}

static const char *end_array(struct buf *array)
{
    buf_add_text(array, array->len ? "}" : "{}");
    return array->ptr;
}

/* Those that set_webhooks.sql calls added, or those that it calls removed. */
static struct subscribers read_subscribers(const PGresult *result, const char *is_added,
                                           struct arena *arena)
{
    enum { COLUMN_OWNER, COLUMN_URL, COLUMN_IS_ADDED };
    size_t rows = (size_t)PQntuples(result);
    struct subscriber *list = arena_alloc_array(arena, rows, sizeof *list);
    size_t count = 0;
    for (int row = 0; row < (int)rows; row++)
        if (PQgetvalue(result, row, COLUMN_IS_ADDED)[0] == is_added[0])
            list[count++] = (struct subscriber){
                arena_copy_str(arena, str_of(PQgetvalue(result, row, COLUMN_OWNER))),
                arena_copy_str(arena, str_of(PQgetvalue(result, row, COLUMN_URL))),
            };
    return (struct subscribers){list, count};
}

bool pg_set_webhooks(struct store *base, const struct subscribers *told, struct arena *arena,
                     struct subscribers_change *out, struct err *err)
{
    static const struct pg_statement set = {"set_webhooks", SQL_SET_WEBHOOKS, 2};
    struct buf owners CLEANUP(buf_done) = {0};
    struct buf urls CLEANUP(buf_done) = {0};
    buf_init(&owners, URLS_MAX_BYTES);
    buf_init(&urls, URLS_MAX_BYTES);
    for (size_t i = 0; i < told->count; i++) {
        add_text(&owners, told->list[i].owner, arena);
        add_text(&urls, told->list[i].url, arena);
    }
    const char *const values[] = {end_array(&owners), end_array(&urls)};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!buf_is_ok(&owners) || !buf_is_ok(&urls))
        return err_set(err, ERR_INVALID, "too many webhook URLs");
    if (!pg_store_run_one(pg_store_of(base), &set, values, &result, err))
        return false;
    out->added = read_subscribers(result, "t", arena);
    out->removed = read_subscribers(result, "f", arena);
    return true;
}

bool pg_claim_deliveries(struct store *base, size_t limit, struct arena *arena,
                         const struct delivery **out, size_t *out_count, struct err *err)
{
    static const struct pg_statement claim = {"claim_deliveries", SQL_CLAIM_DELIVERIES, 7};
    struct pg_store *store = pg_store_of(base);
    struct pg_number now;
    struct pg_number numbers[5];
    const char *const values[] = {pg_now(store, &now),
                                  pg_int(&numbers[0], (int64_t)limit),
                                  pg_int(&numbers[1], DELIVERY_LEASE_MS),
                                  pg_int(&numbers[2], DELIVERY_MAX_OF_URL),
                                  pg_int(&numbers[3], DELIVERY_MAX_OF_OWNER),
                                  pg_int(&numbers[4], DELIVERY_MAX_AGE_MS),
                                  DELIVERY_DIED_REASON};
    PGresult *result CLEANUP(pg_clear) = NULL;
    return pg_store_run_one(store, &claim, values, &result, err) &&
           read_all(result, arena, out, out_count, err);
}

bool pg_settle_delivery(struct store *base, const struct delivery *delivery,
                        const struct delivery_outcome *outcome, bool *out_is_mine, struct err *err)
{
    static const struct pg_statement settle = {"settle_delivery", SQL_SETTLE_DELIVERY, 9};
    struct pg_store *store = pg_store_of(base);
    struct arena arena CLEANUP(arena_done) = {0};
    struct pg_number now;
    struct pg_number numbers[3];
    char id[UUID_TEXT_LEN + 1];
    uuid_format(delivery->id, id);
    const char *const values[] = {pg_now(store, &now),
                                  id,
                                  pg_int(&numbers[0], delivery->attempt),
                                  delivery_state_name(outcome->state),
                                  pg_int(&numbers[1], outcome->delay_ms),
                                  pg_int(&numbers[2], outcome->status),
                                  pg_text(&arena, outcome->reason),
                                  outcome->is_gone ? "t" : "f",
                                  outcome->is_failure ? "t" : "f"};
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(store, &settle, values, &result, err))
        return false;
    *out_is_mine = PQntuples(result) > 0;
    return true;
}

static const char *write_states(unsigned states, struct buf *array)
{
    if (!states)
        return NULL;
    buf_init(array, STATES_MAX_BYTES);
    for (int state = 0; state < DELIVERY_STATE_COUNT; state++) {
        if (!(states & BIT(state)))
            continue;
        buf_add_char(array, array->len ? ',' : '{');
        buf_add_text(array, delivery_state_name((enum delivery_state)state));
    }
    buf_add_char(array, '}');
    return array->ptr;
}

bool pg_list_deliveries(struct store *base, const struct delivery_query *query, struct arena *arena,
                        const struct delivery **out, size_t *out_count, struct err *err)
{
    /* without a name, as list_jobs */
    static const struct pg_statement list = {NULL, SQL_LIST_DELIVERIES, 5};
    struct buf states CLEANUP(buf_done) = {0};
    struct pg_number before;
    struct pg_number limit;
    char job[UUID_TEXT_LEN + 1];
    if (query->has_job)
        uuid_format(query->job, job);
    const char *const values[] = {query->before ? pg_int(&before, query->before) : NULL,
                                  pg_text_or_null(arena, query->owner), query->has_job ? job : NULL,
                                  write_states(query->states, &states),
                                  pg_int(&limit, (int64_t)query->limit)};
    PGresult *result CLEANUP(pg_clear) = NULL;
    return pg_store_run_one(pg_store_of(base), &list, values, &result, err) &&
           read_all(result, arena, out, out_count, err);
}

bool pg_resend_delivery(struct store *base, const struct delivery_again *again, struct arena *arena,
                        struct delivery *out, unsigned *out_acts, struct err *err)
{
    static const struct pg_statement resend = {"resend_delivery", SQL_RESEND_DELIVERY, 5};
    struct pg_store *store = pg_store_of(base);
    struct pg_number now;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(again->id, id);
    const char *const values[] = {pg_now(store, &now), id, pg_text_or_null(arena, again->owner),
                                  pg_text(arena, again->actor.name),
                                  pg_text(arena, again->actor.address)};
    const struct delivery *deliveries = NULL;
    size_t count = 0;
    PGresult *result CLEANUP(pg_clear) = NULL;
    if (!pg_store_run_one(store, &resend, values, &result, err) ||
        !read_all(result, arena, &deliveries, &count, err))
        return false;
    if (count == 0)
        return refuse_unknown_delivery(again->id, err);
    *out = deliveries[0];
    if (PQgetvalue(result, 0, IS_ACT)[0] == 't')
        *out_acts |= BIT(AUDIT_RESEND);
    return true;
}

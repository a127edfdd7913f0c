/* SPDX-License-Identifier: Apache-2.0
 *
 * The least that a program in C does to write rows with libxlsxwriter: bare_xlsx URL QUERY FILE
 * TMPDIR first reads the rows of a query into memory, numbers and times as doubles, and then only
 * writes them, in the library's constant_memory mode, a call for each cell. Prints what the writing
 * took as a JSON object; reading is not counted, nor is the memory of the values.
 */
#include "base/calendar.h"
#include "base/mem.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <time.h>
#include <xlsxwriter.h>

enum { OID_INT8 = 20, OID_TIMESTAMPTZ = 1184, OID_NUMERIC = 1700 };

enum kind { VALUE_NULL, VALUE_TEXT, VALUE_NUMBER, VALUE_TIME };

struct value {
    enum kind kind;
    union {
        const char *text; /* of the PGresult */
        double number;
    } as;
};

struct table {
    PGresult *result;
    struct value *values; /* row by row */
    int rows;
    int columns;
};

static void stop(const char *what, const char *why)
{
    (void)fprintf(stderr, "bare_xlsx: %s: %s\n", what, why);
    exit(1); // NOLINT(concurrency-mt-unsafe): there is one thread
}

/* A time as a spreadsheet has it: days since 1899-12-30. */
static struct value time_value(const char *text)
{
    static const double epoch_days = 25569;
    int64_t us = 0;
    if (!calendar_parse_timestamp(str_of(text), &us))
        stop("a timestamp was not understood", text);
    return (struct value){VALUE_TIME, {.number = (double)us / CALENDAR_DAY_US + epoch_days}};
}

static struct value read_value(const PGresult *result, int row, int column)
{
    const char *text = PQgetvalue(result, row, column);
    if (PQgetisnull(result, row, column))
        return (struct value){.kind = VALUE_NULL};
    switch (PQftype(result, column)) {
    case OID_INT8:
    case OID_NUMERIC:
        return (struct value){VALUE_NUMBER, {.number = strtod(text, NULL)}};
    case OID_TIMESTAMPTZ:
        return time_value(text);
    default:
        return (struct value){VALUE_TEXT, {.text = text}};
    }
}

static struct table read_table(const char *url, const char *query)
{
    PGconn *connection = PQconnectdb(url);
    struct table table = {.result = PQexec(connection, query)};
    if (PQresultStatus(table.result) != PGRES_TUPLES_OK)
        stop("the rows cannot be read", PQerrorMessage(connection));
    PQfinish(connection);
    table.rows = PQntuples(table.result);
    table.columns = PQnfields(table.result);
    table.values = mem_new_array((size_t)table.rows * (size_t)table.columns, sizeof *table.values);
    struct value *value = table.values;
    for (int row = 0; row < table.rows; row++)
        for (int column = 0; column < table.columns; column++)
            *value++ = read_value(table.result, row, column);
    return table;
}

static lxw_error write_value(lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column,
                             const struct value *value, lxw_format *time_format)
{
    switch (value->kind) {
    case VALUE_NULL:
        return LXW_NO_ERROR;
    case VALUE_TEXT:
        return worksheet_write_string(sheet, row, column, value->as.text, NULL);
    case VALUE_NUMBER:
        return worksheet_write_number(sheet, row, column, value->as.number, NULL);
    case VALUE_TIME:
        return worksheet_write_number(sheet, row, column, value->as.number, time_format);
    }
    return LXW_NO_ERROR;
}

static void write_table(const struct table *table, const char *file, const char *directory)
{
    lxw_workbook_options options = {.constant_memory = LXW_TRUE,
                                    .tmpdir = (char *)directory}; /* only read */
    lxw_workbook *workbook = workbook_new_opt(file, &options);
    lxw_worksheet *sheet = workbook_add_worksheet(workbook, NULL);
    lxw_format *time_format = workbook_add_format(workbook);
    format_set_num_format(time_format, "yyyy-mm-dd hh:mm:ss.000");
    lxw_error error = LXW_NO_ERROR;
    for (int i = 0; i < table->columns && !error; i++)
        error = worksheet_write_string(sheet, 0, (lxw_col_t)i, PQfname(table->result, i), NULL);
    const struct value *value = table->values;
    for (int row = 0; row < table->rows; row++)
        for (int i = 0; i < table->columns && !error; i++)
            error = write_value(sheet, (lxw_row_t)row + 1, (lxw_col_t)i, value++, time_format);
    lxw_error closed = workbook_close(workbook);
    if (error || closed)
        stop("the file cannot be written", lxw_strerror(error ? error : closed));
}

/* A figure of /proc/self/status, in bytes. */
static int64_t memory(const char *name)
{
    char line[256];
    int64_t kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kilobytes = strtoll(line + strlen(name), NULL, 10);
    if (file)
        (void)fclose(file);
    return kilobytes * 1024;
}

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    enum { NAME, URL, QUERY, OUT, DIRECTORY, ARGUMENTS };
    if (argc != ARGUMENTS) {
        (void)fprintf(stderr, "usage: %s URL QUERY FILE DIRECTORY\n", argv[NAME]);
        return 2;
    }
    struct table table = read_table(argv[URL], argv[QUERY]);
    int64_t before = memory("VmRSS:");
    double began = seconds_of(CLOCK_MONOTONIC);
    double cpu_began = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    write_table(&table, argv[OUT], argv[DIRECTORY]);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_began;
    double seconds = seconds_of(CLOCK_MONOTONIC) - began;
    (void)printf("{\"rows\": %d, \"seconds\": %.4f, \"cpu_s\": %.4f, \"memory\": %lld}\n",
                 table.rows, seconds, cpu, (long long)(memory("VmHWM:") - before));
    free(table.values);
    PQclear(table.result);
    return 0;
}

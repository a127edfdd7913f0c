/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON: one array of objects, an object a line; and NDJSON, the same lines without the array. Every
 * object has every key, in the order of the columns; the keys are escaped once, with the
 * punctuation before them. The values are export/json_cell.h's.
 */
#include "export/writer.h"

#include "base/arena.h"
#include "base/mem.h"
#include "export/json_cell.h"

#include <assert.h>

struct json_column {
    struct str key; /* `{"name":` for the first, `,"name":` for the others */
    struct json_kind kind;
};

struct json {
    struct writer writer;
    struct json_out out;
    struct json_column *columns;
    size_t column_count;
    struct arena arena; /* columns and keys */
    bool is_array;      /* json; otherwise ndjson */
    bool has_rows;
};

static struct json *json_of(struct writer *writer)
{
    return CONTAINER_OF(writer, struct json, writer);
}

static bool json_rows(struct writer *writer, const struct batch *batch, struct err *err)
{
    struct json *json = json_of(writer);
    assert(batch->column_count == json->column_count);
    struct output *output = &json->out.output;
    const struct cell *cell = batch->cells;
    for (size_t row = 0; row < batch->row_count && !output->has_failed; row++) {
        if (json->is_array)
            output_add(output, json->has_rows ? STR(",\n") : STR("[\n"));
        json->has_rows = true;
        for (size_t i = 0; i < json->column_count; i++) {
            output_add(output, json->columns[i].key);
            json_put_cell(&json->out, &json->columns[i].kind, batch, cell++);
        }
        output_add(output, json->is_array ? STR("}") : STR("}\n"));
    }
    writer->fidelity.non_finite = json->out.non_finite;
    return output_check(output, err);
}

static bool json_finish(struct writer *writer, struct err *err)
{
    struct json *json = json_of(writer);
    if (json->is_array)
        output_add(&json->out.output, json->has_rows ? STR("\n]\n") : STR("[]\n"));
    output_flush(&json->out.output);
    return output_check(&json->out.output, err);
}

static void json_free(struct writer *writer)
{
    struct json *json = json_of(writer);
    json_out_done(&json->out);
    arena_done(&json->arena);
    free(json);
}

static const struct writer_ops json_ops = {
    .rows = json_rows,
    .finish = json_finish,
    .free = json_free,
};

static struct str make_key(struct arena *arena, struct str name, bool is_first)
{
    char *key = arena_alloc_array(arena, name.len + 1, JSON_ESCAPE_SIZE);
    size_t len = 0;
    key[len++] = is_first ? '{' : ',';
    key[len++] = '"';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '"' || c == '\\' || (unsigned char)c < 0x20) {
            len += json_format_escape(c, key + len);
        } else {
            key[len++] = c;
        }
    }
    key[len++] = '"';
    key[len++] = ':';
    return (struct str){key, len};
}

static struct writer *new_writer(const struct writer_options *options,
                                 const struct column *const *columns, size_t column_count,
                                 struct sink *sink, bool is_array)
{
    struct json *json = mem_new(struct json);
    json->writer.ops = &json_ops;
    json->is_array = is_array;
    json->column_count = column_count;
    arena_init(&json->arena);
    json->columns = arena_alloc_array(&json->arena, column_count, sizeof *json->columns);
    for (size_t i = 0; i < column_count; i++) {
        json->columns[i] = (struct json_column){
            .key = make_key(&json->arena, columns[i]->name, i == 0),
            .kind = json_kind_of(columns[i], options->has_exact_numbers_text),
        };
    }
    json_out_init(&json->out, sink);
    return &json->writer;
}

static struct writer *json_new(const struct writer_options *options,
                               const struct column *const *columns, size_t column_count,
                               struct sink *sink)
{
    return new_writer(options, columns, column_count, sink, true);
}

static struct writer *ndjson_new(const struct writer_options *options,
                                 const struct column *const *columns, size_t column_count,
                                 struct sink *sink)
{
    return new_writer(options, columns, column_count, sink, false);
}

const struct format format_json = {
    .name = "json",
    .extension = "json",
    .content_type = "application/json",
    .new_writer = json_new,
};

const struct format format_ndjson = {
    .name = "ndjson",
    .extension = "ndjson",
    .content_type = "application/x-ndjson",
    .new_writer = ndjson_new,
};

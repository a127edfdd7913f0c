/* SPDX-License-Identifier: Apache-2.0
 *
 * See schema.h. The set is read twice: by hand for the bytes of each file, which reflection must
 * pass on untouched (decoding and packing again would lose what this protobuf-c does not know), and
 * by protobuf-c for what is in them. All names go into one sorted table.
 */
#include "rpc/schema.h"

#include "base/arena.h"
#include "base/mem.h"
#include "google/protobuf/descriptor.pb-c.h"

#define FILE_TYPE    Google__Protobuf__FileDescriptorProto
#define MESSAGE_TYPE Google__Protobuf__DescriptorProto
#define ENUM_TYPE    Google__Protobuf__EnumDescriptorProto
#define SERVICE_TYPE Google__Protobuf__ServiceDescriptorProto
#define METHOD_TYPE  Google__Protobuf__MethodDescriptorProto

enum { SET_FILE_TAG = (1 << 3) | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED };

struct symbol {
    struct str name; /* in full */
    size_t file;
    const METHOD_TYPE *method; /* NULL for all but methods */
    bool is_message;
};

struct rpc_schema {
    Google__Protobuf__FileDescriptorSet *set;
    struct str *file_bytes;
    struct symbol *symbols; /* sorted by name */
    size_t symbol_count;
    struct arena names;
};

/* --- the bytes of each file ------------------------------------------------------------------ */

/* Takes one file off the front of a set that protobuf-c has decoded already, so it is well-formed.
 */
static struct str take_file(struct str *set)
{
    size_t len = 0;
    size_t at = 1; /* behind the tag */
    for (unsigned shift = 0;; shift += 7) {
        unsigned char byte = (unsigned char)set->ptr[at++];
        len |= (size_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    struct str file = {set->ptr + at, len};
    set->ptr += at + len;
    set->len -= at + len;
    return file;
}

static bool find_file_bytes(struct rpc_schema *schema, struct str set, struct err *err)
{
    schema->file_bytes = mem_new_array(schema->set->n_file, sizeof *schema->file_bytes);
    for (size_t i = 0; i < schema->set->n_file; i++) {
        if (set.len == 0 || set.ptr[0] != SET_FILE_TAG)
            return err_set(err, ERR_INVALID, "a descriptor set holds more than files");
        schema->file_bytes[i] = take_file(&set);
    }
    return true;
}

/* --- the table of names ---------------------------------------------------------------------- */

static struct symbol *add(struct rpc_schema *schema, size_t file, struct str scope,
                          const char *name)
{
    enum { GROW = 64 };
    if (schema->symbol_count % GROW == 0) {
        schema->symbols =
            mem_resize_array(schema->symbols, schema->symbol_count + GROW, sizeof *schema->symbols);
    }
    struct symbol *symbol = &schema->symbols[schema->symbol_count++];
    *symbol = (struct symbol){.file = file};
    symbol->name = arena_printf(&schema->names, "%.*s%s%s", STR_ARG(scope),
                                str_is_empty(scope) ? "" : ".", name);
    return symbol;
}

/* The values of an enum are named beside it, not below it. */
static void add_enum(struct rpc_schema *schema, size_t file, struct str scope,
                     const ENUM_TYPE *type)
{
    (void)add(schema, file, scope, type->name);
    for (size_t i = 0; i < type->n_value; i++)
        (void)add(schema, file, scope, type->value[i]->name);
}

static void add_message(struct rpc_schema *schema, size_t file, struct str scope,
                        const MESSAGE_TYPE *type)
{
    struct symbol *symbol = add(schema, file, scope, type->name);
    symbol->is_message = true;
    struct str name = symbol->name; /* the table may move */
    for (size_t i = 0; i < type->n_field; i++)
        (void)add(schema, file, name, type->field[i]->name);
    for (size_t i = 0; i < type->n_oneof_decl; i++)
        (void)add(schema, file, name, type->oneof_decl[i]->name);
    for (size_t i = 0; i < type->n_enum_type; i++)
        add_enum(schema, file, name, type->enum_type[i]);
    for (size_t i = 0; i < type->n_nested_type; i++)
        add_message(schema, file, name, type->nested_type[i]);
}

static void add_service(struct rpc_schema *schema, size_t file, struct str scope,
                        const SERVICE_TYPE *type)
{
    struct str name = add(schema, file, scope, type->name)->name;
    for (size_t i = 0; i < type->n_method; i++)
        add(schema, file, name, type->method[i]->name)->method = type->method[i];
}

static void add_file(struct rpc_schema *schema, size_t index)
{
    const FILE_TYPE *file = schema->set->file[index];
    struct str package = str_of(file->package);
    for (size_t i = 0; i < file->n_message_type; i++)
        add_message(schema, index, package, file->message_type[i]);
    for (size_t i = 0; i < file->n_enum_type; i++)
        add_enum(schema, index, package, file->enum_type[i]);
    for (size_t i = 0; i < file->n_service; i++)
        add_service(schema, index, package, file->service[i]);
}

static int compare_symbols(const void *a, const void *b)
{
    return str_compare(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static const struct symbol *find(const struct rpc_schema *schema, struct str name)
{
    const struct symbol wanted = {.name = name};
    if (schema->symbol_count == 0)
        return NULL;
    return bsearch(&wanted, schema->symbols, schema->symbol_count, sizeof wanted, compare_symbols);
}

/* --- the header's functions ------------------------------------------------------------------ */

bool rpc_schema_new(const void *file_descriptor_set, size_t size, struct rpc_schema **out,
                    struct err *err)
{
    Google__Protobuf__FileDescriptorSet *set =
        google__protobuf__file_descriptor_set__unpack(NULL, size, file_descriptor_set);
    if (!set)
        return err_set(err, ERR_INVALID, "the descriptor set does not decode");
    struct rpc_schema *schema = mem_new(struct rpc_schema);
    schema->set = set;
    if (!find_file_bytes(schema, (struct str){file_descriptor_set, size}, err)) {
        rpc_schema_free(schema);
        return false;
    }
    for (size_t i = 0; i < set->n_file; i++)
        add_file(schema, i);
    if (schema->symbol_count > 0)
        qsort(schema->symbols, schema->symbol_count, sizeof *schema->symbols, compare_symbols);
    *out = schema;
    return true;
}

void rpc_schema_free(struct rpc_schema *schema)
{
    if (!schema)
        return;
    google__protobuf__file_descriptor_set__free_unpacked(schema->set, NULL);
    free(schema->file_bytes);
    free(schema->symbols);
    arena_done(&schema->names);
    free(schema);
}

bool rpc_schema_find_method(const struct rpc_schema *schema, const char *service,
                            const char *method, struct rpc_schema_method *out, struct err *err)
{
    struct arena scratch = {0};
    const struct symbol *found = find(schema, arena_printf(&scratch, "%s.%s", service, method));
    arena_done(&scratch);
    if (!found || !found->method)
        return err_set(err, ERR_NOT_FOUND, "the schema has no method %s.%s", service, method);
    *out = (struct rpc_schema_method){
        .is_client_streaming = found->method->client_streaming,
        .is_server_streaming = found->method->server_streaming,
    };
    return true;
}

size_t rpc_schema_file_count(const struct rpc_schema *schema)
{
    return schema->set->n_file;
}

bool rpc_schema_find_file(const struct rpc_schema *schema, struct str name, size_t *out)
{
    for (size_t i = 0; i < schema->set->n_file; i++) {
        if (str_equal(str_of(schema->set->file[i]->name), name)) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool rpc_schema_find_symbol(const struct rpc_schema *schema, struct str symbol, size_t *out)
{
    const struct symbol *found = find(schema, symbol);
    if (!found)
        return false;
    *out = found->file;
    return true;
}

bool rpc_schema_has_message(const struct rpc_schema *schema, struct str symbol)
{
    const struct symbol *found = find(schema, symbol);
    return found && found->is_message;
}

struct str rpc_schema_file_bytes(const struct rpc_schema *schema, size_t file)
{
    return schema->file_bytes[file];
}

void rpc_schema_mark_imports(const struct rpc_schema *schema, size_t file, bool *marks)
{
    if (marks[file])
        return;
    marks[file] = true;
    const FILE_TYPE *type = schema->set->file[file];
    for (size_t i = 0; i < type->n_dependency; i++) {
        size_t import = 0;
        if (rpc_schema_find_file(schema, str_of(type->dependency[i]), &import))
            rpc_schema_mark_imports(schema, import, marks);
    }
}

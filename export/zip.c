/* SPDX-License-Identifier: Apache-2.0
 *
 * See zip.h. The records are those of APPNOTE.TXT 6.3.10, by its section numbers; all numbers are
 * little-endian.
 */
#include "export/zip.h"

#include "base/buf.h"
#include "base/mem.h"
#include "export/deflate.h"

#include <assert.h>

enum {
    MAX_NAME = 255,
    RECORD_MAX = 512, /* of any record, its name included */
    VERSION_DEFLATE = 20,
    VERSION_ZIP64 = 45,
    FLAG_DESCRIPTOR = 1 << 3,
    METHOD_DEFLATE = 8,
    DATE_1980 = 1 << 5 | 1, /* the first of January */
    ZIP64_EXTRA_ID = 1,
    ZIP64_END_SIZE = 44, /* of the record, without its first 12 bytes */
    MAX_SHORT = 0xFFFF,
};

#define MAX_LONG UINT64_C(0xFFFFFFFF)

#define SIGNATURE_LOCAL      UINT32_C(0x04034b50)
#define SIGNATURE_DESCRIPTOR UINT32_C(0x08074b50)
#define SIGNATURE_CENTRAL    UINT32_C(0x02014b50)
#define SIGNATURE_ZIP64_END  UINT32_C(0x06064b50)
#define SIGNATURE_LOCATOR    UINT32_C(0x07064b50)
#define SIGNATURE_END        UINT32_C(0x06054b50)

struct member {
    char *name;
    uint64_t offset; /* of its local header */
    int64_t size_in;
    int64_t size_out;
    uint32_t crc;
};

struct zip {
    struct sink counter; /* between the deflate and the sink: counts */
    struct sink *sink;
    struct deflate *deflate;
    uint64_t offset; /* in the file */
    struct member *members;
    size_t count;
    bool is_open; /* the last member is */
};

static bool count_write(struct sink *sink, const void *bytes, size_t len, struct err *err)
{
    struct zip *zip = CONTAINER_OF(sink, struct zip, counter);
    if (!sink_write(zip->sink, bytes, len, err))
        return false;
    zip->offset += len;
    return true;
}

struct zip *zip_new(struct sink *sink, uint64_t begin)
{
    struct zip *zip = mem_new(struct zip);
    zip->counter.write = count_write;
    zip->sink = sink;
    zip->offset = begin;
    zip->deflate = deflate_new(DEFLATE_RAW, &zip->counter);
    return zip;
}

void zip_free(struct zip *zip)
{
    if (!zip)
        return;
    for (size_t i = 0; i < zip->count; i++)
        free(zip->members[i].name);
    free(zip->members);
    deflate_free(zip->deflate);
    free(zip);
}

/* ---- Records ---- */

static void put_number(struct buf *out, uint64_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, number >>= 8)
        buf_add_char(out, (char)(unsigned char)number);
}

static void put_short(struct buf *out, unsigned number)
{
    put_number(out, number, 2);
}

static void put_long(struct buf *out, uint64_t number)
{
    put_number(out, number < MAX_LONG ? number : MAX_LONG, 4);
}

static bool write_record(struct zip *zip, const struct buf *record, struct err *err)
{
    assert(buf_is_ok(record));
    return sink_write(&zip->counter, record->ptr, record->len, err);
}

/* What local and central header share: 4.4.2 to 4.4.6. */
static void put_common(struct buf *out, unsigned version)
{
    put_short(out, version);
    put_short(out, FLAG_DESCRIPTOR);
    put_short(out, METHOD_DEFLATE);
    put_short(out, 0); /* midnight */
    put_short(out, DATE_1980);
}

static bool write_local_header(struct zip *zip, const struct member *member, struct err *err)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, RECORD_MAX);
    put_number(&out, SIGNATURE_LOCAL, 4);
    put_common(&out, VERSION_DEFLATE);
    put_number(&out, 0, 12); /* checksum and sizes: in the descriptor */
    put_short(&out, (unsigned)strlen(member->name));
    put_short(&out, 0); /* no extra field */
    buf_add_text(&out, member->name);
    return write_record(zip, &out, err);
}

static bool write_descriptor(struct zip *zip, const struct member *member, struct err *err)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, RECORD_MAX);
    put_number(&out, SIGNATURE_DESCRIPTOR, 4);
    put_number(&out, member->crc, 4);
    put_long(&out, (uint64_t)member->size_out);
    put_long(&out, (uint64_t)member->size_in);
    return write_record(zip, &out, err);
}

static bool write_central_header(struct zip *zip, const struct member *member, struct err *err)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, RECORD_MAX);
    bool is_far = member->offset >= MAX_LONG;
    unsigned version = is_far ? VERSION_ZIP64 : VERSION_DEFLATE;
    put_number(&out, SIGNATURE_CENTRAL, 4);
    put_short(&out, version); /* made by: MS-DOS, as Excel does */
    put_common(&out, version);
    put_number(&out, member->crc, 4);
    put_long(&out, (uint64_t)member->size_out);
    put_long(&out, (uint64_t)member->size_in);
    put_short(&out, (unsigned)strlen(member->name));
    put_short(&out, is_far ? 4 + 8 : 0); /* of the extra field */
    put_number(&out, 0, 10);             /* comment, disk, attributes */
    put_long(&out, member->offset);
    buf_add_text(&out, member->name);
    if (is_far) {
        put_short(&out, ZIP64_EXTRA_ID);
        put_short(&out, 8);
        put_number(&out, member->offset, 8);
    }
    return write_record(zip, &out, err);
}

static bool write_end(struct zip *zip, uint64_t begin, uint64_t size, struct err *err)
{
    struct buf out CLEANUP(buf_done);
    buf_init(&out, RECORD_MAX);
    if (begin >= MAX_LONG || zip->count >= MAX_SHORT) {
        uint64_t at = zip->offset;
        put_number(&out, SIGNATURE_ZIP64_END, 4);
        put_number(&out, ZIP64_END_SIZE, 8);
        put_short(&out, VERSION_ZIP64);
        put_short(&out, VERSION_ZIP64);
        put_number(&out, 0, 8); /* disks */
        put_number(&out, zip->count, 8);
        put_number(&out, zip->count, 8);
        put_number(&out, size, 8);
        put_number(&out, begin, 8);
        put_number(&out, SIGNATURE_LOCATOR, 4);
        put_number(&out, 0, 4); /* disk */
        put_number(&out, at, 8);
        put_number(&out, 1, 4); /* disks in all */
    }
    unsigned count = zip->count < MAX_SHORT ? (unsigned)zip->count : MAX_SHORT;
    put_number(&out, SIGNATURE_END, 4);
    put_number(&out, 0, 4); /* disks */
    put_short(&out, count);
    put_short(&out, count);
    put_long(&out, size);
    put_long(&out, begin);
    put_short(&out, 0); /* no comment */
    return write_record(zip, &out, err);
}

/* ---- Members ---- */

bool zip_begin(struct zip *zip, struct str name, struct err *err)
{
    assert(!zip->is_open && name.len <= MAX_NAME);
    zip->members = mem_resize_array(zip->members, zip->count + 1, sizeof *zip->members);
    struct member *member = &zip->members[zip->count++];
    *member = (struct member){.name = mem_alloc(name.len + 1), .offset = zip->offset};
    memcpy(member->name, name.ptr, name.len);
    member->name[name.len] = '\0';
    zip->is_open = true;
    return write_local_header(zip, member, err);
}

struct sink *zip_member(struct zip *zip)
{
    assert(zip->is_open);
    return deflate_sink(zip->deflate);
}

int64_t zip_member_size(const struct zip *zip)
{
    return deflate_size_in(zip->deflate);
}

bool zip_end(struct zip *zip, struct err *err)
{
    assert(zip->is_open);
    zip->is_open = false;
    if (!deflate_finish(zip->deflate, err))
        return false;
    struct member *member = &zip->members[zip->count - 1];
    member->crc = deflate_crc32(zip->deflate);
    member->size_in = deflate_size_in(zip->deflate);
    member->size_out = deflate_size_out(zip->deflate);
    deflate_reset(zip->deflate);
    if (member->size_in > ZIP_MAX_MEMBER || member->size_out > ZIP_MAX_MEMBER)
        return err_set(
            err, ERR_FORMAT_LIMIT,
            "a part of the xlsx package has more than 4 GiB; choose csv or fewer columns");
    return write_descriptor(zip, member, err);
}

bool zip_add(struct zip *zip, struct str name, struct str bytes, struct err *err)
{
    return zip_begin(zip, name, err) && sink_write(zip_member(zip), bytes.ptr, bytes.len, err) &&
           zip_end(zip, err);
}

bool zip_finish(struct zip *zip, struct err *err)
{
    assert(!zip->is_open);
    uint64_t begin = zip->offset;
    for (size_t i = 0; i < zip->count; i++)
        if (!write_central_header(zip, &zip->members[i], err))
            return false;
    return write_end(zip, begin, zip->offset - begin, err);
}

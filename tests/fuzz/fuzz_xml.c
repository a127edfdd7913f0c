/* SPDX-License-Identifier: Apache-2.0
 *
 * See fuzz_xml.h.
 */
#include "tests/fuzz/fuzz_xml.h"

#include <expat.h>

static const char *attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2) {
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    }
    return "";
}

static void copy_attribute(char out[XML_SHORT], const char **attributes, const char *name)
{
    (void)snprintf(out, XML_SHORT, "%s", attribute(attributes, name));
}

static struct fuzz_xml_cell *last_cell(struct fuzz_xml *xml)
{
    fuzz_require(xml->count > 0, "a value is in a cell", STR(""));
    return &xml->cells[xml->count - 1];
}

static void begin_cell(struct fuzz_xml *xml, const char **attributes)
{
    fuzz_require(xml->count < XML_MAX_CELLS, "as many cells as there are values", STR(""));
    struct fuzz_xml_cell *cell = &xml->cells[xml->count++];
    copy_attribute(cell->reference, attributes, "r");
    copy_attribute(cell->type, attributes, "t");
    copy_attribute(cell->style, attributes, "s");
    buf_init(&cell->text, SIZE_MAX);
}

static void XMLCALL on_begin(void *data, const char *name, const char **attributes)
{
    struct fuzz_xml *xml = data;
    if (strcmp(name, "row") == 0) {
        char number[XML_SHORT];
        (void)snprintf(number, sizeof number, "%zu", ++xml->row_count);
        fuzz_require_equal(str_of(attribute(attributes, "r")), str_of(number),
                           "rows are numbered one by one");
    } else if (strcmp(name, "c") == 0) {
        begin_cell(xml, attributes);
    } else if (strcmp(name, "t") == 0 || strcmp(name, "v") == 0) {
        xml->is_text = true;
        last_cell(xml)->keeps_space |= strcmp(attribute(attributes, "xml:space"), "preserve") == 0;
    }
}

static void XMLCALL on_text(void *data, const char *text, int len)
{
    struct fuzz_xml *xml = data;
    if (xml->is_text)
        buf_add(&last_cell(xml)->text, text, (size_t)len);
}

static void add_code(struct buf *out, unsigned code)
{
    if (code < 0x80) {
        buf_add_char(out, (char)code);
        return;
    }
    buf_add_char(out, (char)(0xE0 | code >> 12));
    buf_add_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
    buf_add_char(out, (char)(0x80 | (code & 0x3F)));
}

/* `_xHHHH_` at the front; false if it is none. */
static bool read_escape(struct str text, unsigned *out)
{
    static const char hex[] = "0123456789abcdef";
    if (text.len < 7 || text.ptr[0] != '_' || text.ptr[1] != 'x' || text.ptr[6] != '_')
        return false;
    *out = 0;
    for (size_t i = 2; i < 6; i++) {
        char c = text.ptr[i];
        const char *found = memchr(hex, c >= 'A' && c <= 'F' ? c | 0x20 : c, sizeof hex - 1);
        if (!found)
            return false;
        *out = *out * 16 + (unsigned)(found - hex);
    }
    return true;
}

/* As spreadsheets read it: from left to right. */
static void unescape(struct buf *text)
{
    struct buf plain;
    buf_init(&plain, SIZE_MAX);
    for (size_t at = 0; at < text->len;) {
        unsigned code = 0;
        if (read_escape((struct str){text->ptr + at, text->len - at}, &code)) {
            add_code(&plain, code);
            at += 7;
        } else {
            buf_add_char(&plain, text->ptr[at++]);
        }
    }
    buf_done(text);
    *text = plain;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void XMLCALL on_end(void *data, const char *name)
{
    struct fuzz_xml *xml = data;
    if (strcmp(name, "t") == 0) {
        struct fuzz_xml_cell *cell = last_cell(xml);
        struct str text = buf_str(&cell->text);
        bool has_outer_space =
            text.len && (is_space(text.ptr[0]) || is_space(text.ptr[text.len - 1]));
        fuzz_require(!has_outer_space || cell->keeps_space, "spaces at the ends are kept", text);
        unescape(&cell->text);
    }
    if (strcmp(name, "t") == 0 || strcmp(name, "v") == 0)
        xml->is_text = false;
}

void fuzz_xml_read(struct fuzz_xml *xml, struct str text)
{
    *xml = (struct fuzz_xml){0};
    XML_Parser parser = XML_ParserCreate("UTF-8");
    XML_SetUserData(parser, xml);
    XML_SetElementHandler(parser, on_begin, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    enum XML_Status status = XML_Parse(parser, text.ptr, (int)text.len, XML_TRUE);
    fuzz_require(status == XML_STATUS_OK, XML_ErrorString(XML_GetErrorCode(parser)), text);
    XML_ParserFree(parser);
}

void fuzz_xml_done(struct fuzz_xml *xml)
{
    for (size_t i = 0; i < xml->count; i++)
        buf_done(&xml->cells[i].text);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3_xml.h.
 */
#include "files/s3_xml.h"

#include "base/mem.h"

#include <expat.h>
#include <string.h>

enum { NAME_SIZE = 48 };

struct reading {
    XML_Parser parser;
    void (*take)(void *target, const struct s3_xml_element *element);
    void *target;
    char names[S3_XML_MAX_DEPTH + 1][NAME_SIZE]; /* [0] is the root's parent */
    size_t depth;
    char text[S3_XML_MAX_TEXT];
    size_t text_len;
};

static void XMLCALL begin_element(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *reading = arg;
    (void)attributes;
    if (reading->depth == S3_XML_MAX_DEPTH) {
        (void)XML_StopParser(reading->parser, XML_FALSE);
        return;
    }
    (void)snprintf(reading->names[++reading->depth], NAME_SIZE, "%s", name);
    reading->text_len = 0;
}

static void XMLCALL add_text(void *arg, const XML_Char *text, int len)
{
    struct reading *reading = arg;
    size_t room = sizeof reading->text - reading->text_len;
    size_t count = (size_t)len < room ? (size_t)len : room;
    memcpy(reading->text + reading->text_len, text, count);
    reading->text_len += count;
}

static void XMLCALL end_element(void *arg, const XML_Char *name)
{
    struct reading *reading = arg;
    (void)name;
    const struct s3_xml_element element = {
        .parent = reading->names[reading->depth - 1],
        .name = reading->names[reading->depth],
        .text = {reading->text, reading->text_len},
    };
    reading->take(reading->target, &element);
    reading->depth--;
    reading->text_len = 0;
}

static void XMLCALL refuse_doctype(void *arg, const XML_Char *name, const XML_Char *system,
                                   const XML_Char *public, int has_subset)
{
    struct reading *reading = arg;
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

bool s3_xml_read(struct str document,
                 void (*take)(void *target, const struct s3_xml_element *element), void *target)
{
    struct reading *reading = mem_new(struct reading);
    struct str text = str_trim(document);
    reading->take = take;
    reading->target = target;
    reading->parser = XML_ParserCreate(NULL);
    if (!reading->parser)
        abort(); /* no memory, which mem.h answers so */
    XML_SetUserData(reading->parser, reading);
    XML_SetElementHandler(reading->parser, begin_element, end_element);
    XML_SetCharacterDataHandler(reading->parser, add_text);
    XML_SetStartDoctypeDeclHandler(reading->parser, refuse_doctype);
    bool is_ok = text.len <= INT32_MAX && XML_Parse(reading->parser, text.len ? text.ptr : "",
                                                    (int)text.len, 1) == XML_STATUS_OK;
    XML_ParserFree(reading->parser);
    free(reading);
    return is_ok;
}

struct wanted {
    const char *parent;
    const char *name;
    char *out;
    size_t size;
    bool is_found;
};

static void take_wanted(void *target, const struct s3_xml_element *element)
{
    struct wanted *wanted = target;
    if (wanted->is_found || strcmp(element->parent, wanted->parent) != 0 ||
        strcmp(element->name, wanted->name) != 0 || str_is_empty(element->text) ||
        element->text.len >= wanted->size)
        return;
    memcpy(wanted->out, element->text.ptr, element->text.len);
    wanted->out[element->text.len] = '\0';
    wanted->is_found = true;
}

bool s3_xml_find(struct str document, const char *parent, const char *name,
                 char *out, // NOLINT(readability-non-const-parameter): written to by take_wanted
                 size_t size)
{
    struct wanted wanted = {parent, name, out, size, false};
    return s3_xml_read(document, take_wanted, &wanted) && wanted.is_found;
}

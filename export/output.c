/* SPDX-License-Identifier: Apache-2.0
 *
 * See output.h.
 */
#include "export/output.h"

#include "base/mem.h"

void output_init(struct output *output, struct sink *sink)
{
    *output = (struct output){.sink = sink, .block = mem_alloc(OUTPUT_SIZE)};
}

void output_done(struct output *output)
{
    free(output->block);
    output->block = NULL;
}

void output_flush(struct output *output)
{
    if (output->len && !output->has_failed &&
        !sink_write(output->sink, output->block, output->len, &output->failure))
        output->has_failed = true;
    output->len = 0;
}

void output_add_long(struct output *output, struct str text)
{
    while (text.len && !output->has_failed) {
        size_t room = OUTPUT_SIZE - output->len;
        size_t taken = text.len < room ? text.len : room;
        memcpy(output->block + output->len, text.ptr, taken);
        output->len += taken;
        text = (struct str){text.ptr + taken, text.len - taken};
        if (output->len == OUTPUT_SIZE)
            output_flush(output);
    }
}

bool output_check(const struct output *output, struct err *err)
{
    if (!output->has_failed)
        return true;
    *err = output->failure;
    return false;
}

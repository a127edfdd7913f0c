/* SPDX-License-Identifier: Apache-2.0
 *
 * See event_note.h.
 */
#include "queue/event_note.h"

static const char letters[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = 'Q', [JOB_RUNNING] = 'R',   [JOB_COMPLETED] = 'C',
    [JOB_FAILED] = 'F', [JOB_CANCELLED] = 'X', [JOB_EXPIRED] = 'E',
};
enum { LETTER_GONE = 'G' };

static void begin(struct buf *payload, struct str sender)
{
    buf_add_str(payload, sender);
    buf_add_char(payload, ' ');
}

bool event_note_add(struct buf *payload, struct str sender, const struct event_note *note)
{
    if (payload->len + EVENT_NOTE_MAX > EVENT_PAYLOAD_MAX)
        return false;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(note->id, id);
    if (payload->len)
        buf_add_char(payload, ',');
    else
        begin(payload, sender);
    buf_printf(payload, "%s:%c:%lld", id, note->is_gone ? LETTER_GONE : letters[note->state],
               (long long)note->revision);
    return true;
}

void event_note_add_all(struct buf *payload, struct str sender)
{
    buf_clear(payload);
    begin(payload, sender);
    buf_add_char(payload, '*');
}

struct str event_sender(struct str *payload)
{
    struct str sender = {0};
    (void)str_next(payload, ' ', &sender);
    return sender;
}

bool event_is_all(struct str payload)
{
    return str_equal(payload, STR("*"));
}

bool event_note_next(struct str *payload, struct event_note *out)
{
    struct str note;
    struct str id;
    struct str letter;
    if (!str_next(payload, ',', &note) || !str_next(&note, ':', &id) ||
        !str_next(&note, ':', &letter) || letter.len != 1 || !uuid_parse(id, &out->id) ||
        !str_to_int64(note, &out->revision))
        return false;
    out->is_gone = letter.ptr[0] == LETTER_GONE;
    const char *at = memchr(letters, letter.ptr[0], sizeof letters);
    out->state = at ? (enum job_state)(at - letters) : JOB_QUEUED;
    return at || out->is_gone;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Notes of what happened to jobs, as one NOTIFY carries them: who sends, then a note a job,
 *
 *     5f1c09ab 0193…:R:2,0193…:C:7
 *
 * with the job's id, its state's letter and its revision. "5f1c09ab *" says that more happened than
 * fits: look at everything.
 */
#ifndef QUEUE_EVENT_NOTE_H
#define QUEUE_EVENT_NOTE_H

#include "base/buf.h"
#include "queue/job.h"

enum {
    EVENT_PAYLOAD_MAX = 7900, /* PostgreSQL takes 8,000 bytes */
    EVENT_NOTE_MAX = UUID_TEXT_LEN + 24,
};

struct event_note {
    struct uuid id;
    bool is_gone; /* removed; the state says nothing */
    enum job_state state;
    int64_t revision;
};

/* Adds a note to a payload; false if it is full. An empty payload gets the sender first. */
bool event_note_add(struct buf *payload, struct str sender, const struct event_note *note);

/* Makes the payload say that everything is to be looked at. */
void event_note_add_all(struct buf *payload, struct str sender);

/* Takes the sender off the front of a payload. */
struct str event_sender(struct str *payload);

/* Whether the rest of a payload says that everything is to be looked at. */
bool event_is_all(struct str payload);

/* Takes the next note off the front; false: there is none, or what comes is no note. */
bool event_note_next(struct str *payload, struct event_note *out);

#endif

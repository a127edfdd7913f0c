-- SPDX-License-Identifier: Apache-2.0
--
-- $1: the payload (queue/event_note.h).
select pg_notify('exportq', $1)

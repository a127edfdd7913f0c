-- SPDX-License-Identifier: Apache-2.0
--
-- To which trace a job belongs: the traceparent of the call that made it (W3C Trace Context), checked before it
-- came here; empty: it had none.
alter table exportq.job add column trace_parent text not null default '';

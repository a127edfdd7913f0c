-- SPDX-License-Identifier: Apache-2.0
--
-- What goes with a job's trace_parent: the tracestate of the call that made it (W3C Trace Context), checked before it
-- came here, 512 bytes at most; empty: it had none.
alter table exportq.job add column trace_state text not null default '';

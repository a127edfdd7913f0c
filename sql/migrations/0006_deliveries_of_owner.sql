-- SPDX-License-Identifier: Apache-2.0
--
-- Owners look at the deliveries of their jobs, newest first.

create index delivery_of_owner on exportq.delivery (owner, number);

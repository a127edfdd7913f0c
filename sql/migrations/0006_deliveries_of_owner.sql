-- SPDX-License-Identifier: Apache-2.0
--
-- Owners look at the deliveries of their jobs, newest first.

create index delivery_of_owner on exportq.delivery (owner, number);

-- Most look for what did not arrive, of which there is little.
create index delivery_to_look_at on exportq.delivery (owner, number) where state <> 'DELIVERED';

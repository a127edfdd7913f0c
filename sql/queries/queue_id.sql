-- SPDX-License-Identifier: Apache-2.0
--
-- Which queue it is.
select id from exportq.queue

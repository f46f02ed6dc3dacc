-- 92 Tear-down, compute pool: ends what it costs. Refused while a service is in it, whoever owns
-- that service, and for a moment after 90_drop_service.sql: then run it again.
--
-- Run as: ACCOUNTADMIN, or a role that inherits the owner of the pool.
-- Costs: nothing.
-- Undo: 04_compute_pool.sql
-- Variables:
--   compute_pool [WORKER_POOL] Compute pool that goes.

USE ROLE ACCOUNTADMIN;

DROP COMPUTE POOL IF EXISTS <% compute_pool %>;

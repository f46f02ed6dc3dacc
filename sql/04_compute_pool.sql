-- 04 Compute pool: the nodes that the workers run on. A pool that exists stays as it is.
--
-- Run as: ACCOUNTADMIN, or a role with CREATE COMPUTE POOL on the account and MANAGE GRANTS.
-- Costs: nothing while suspended, as it starts. Then every node that is up, by the second and at
--   least 5 minutes: CPU_X64_XS 0.06 credits an hour. Suspending a service does not end that;
--   the pool suspends by itself when it has been empty for auto_suspend_secs.
-- Undo: 92_drop_compute_pool.sql
-- Variables:
--   compute_pool [WORKER_POOL] Compute pool; made when missing. A name that needs no quotes.
--   instance_family [CPU_X64_XS] Kind of node; SHOW COMPUTE POOL INSTANCE FAMILIES lists them.
--   min_nodes [1] Nodes that are up whenever the pool is.
--   max_nodes [1] Nodes it may grow to.
--   auto_suspend_secs [300] Seconds without a service before the pool suspends itself.
--   role [PREFECT_OPERATOR] Role of 01_role.sql.

USE ROLE ACCOUNTADMIN;

CREATE COMPUTE POOL IF NOT EXISTS <% compute_pool %>
  MIN_NODES = <% min_nodes %>
  MAX_NODES = <% max_nodes %>
  INSTANCE_FAMILY = <% instance_family %>
  AUTO_RESUME = TRUE
  INITIALLY_SUSPENDED = TRUE
  AUTO_SUSPEND_SECS = <% auto_suspend_secs %>
  COMMENT = 'Nodes of Prefect workers';

-- USAGE to run services, MONITOR to see the pool, OPERATE to suspend and resume it. Resizing it
-- changes what it costs, which is MODIFY and not granted here.
GRANT USAGE, MONITOR, OPERATE ON COMPUTE POOL <% compute_pool %> TO ROLE <% role %>;

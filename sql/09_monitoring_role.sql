-- 09 Monitoring role: sees the services of the schema, now and later, and can change nothing. Enough
-- for `spcs-worker-tui --check` and the dashboard, except for what is in the specification: Snowflake
-- shows that to the owning role only, and the work pool is named there.
--
-- Run as: ACCOUNTADMIN, or a role that inherits USERADMIN and has MANAGE GRANTS.
-- Costs: nothing.
-- Undo: 97_drop_roles.sql
-- Variables:
--   database [PREFECT] Database of 02_database.sql.
--   schema [WORKERS] Schema of 02_database.sql.
--   repository [IMAGES] Image repository of 03_image_repository.sql.
--   compute_pool [WORKER_POOL] Compute pool of 04_compute_pool.sql.
--   monitor_role [PREFECT_MONITOR] Role that may only look; made when missing.
--   monitor_user [] User who gets the role, in double quotes where SQL needs them.

USE ROLE USERADMIN;

CREATE ROLE IF NOT EXISTS <% monitor_role %>
  COMMENT = 'Looks at Prefect workers';
GRANT ROLE <% monitor_role %> TO ROLE SYSADMIN;
GRANT ROLE <% monitor_role %> TO USER <% monitor_user %>;

USE ROLE ACCOUNTADMIN;

GRANT USAGE ON DATABASE <% database %> TO ROLE <% monitor_role %>;
GRANT USAGE ON SCHEMA <% database %>.<% schema %> TO ROLE <% monitor_role %>;
-- Instances, containers, logs and events.
GRANT MONITOR ON ALL SERVICES IN SCHEMA <% database %>.<% schema %> TO ROLE <% monitor_role %>;
GRANT MONITOR ON FUTURE SERVICES IN SCHEMA <% database %>.<% schema %> TO ROLE <% monitor_role %>;
-- Whether the nodes are there.
GRANT MONITOR ON COMPUTE POOL <% compute_pool %> TO ROLE <% monitor_role %>;
-- Whether a newer image was pushed. READ lets the role pull images, too.
GRANT READ ON IMAGE REPOSITORY <% database %>.<% schema %>.<% repository %>
  TO ROLE <% monitor_role %>;

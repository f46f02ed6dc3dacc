-- 08 Service: the worker itself. Its image has to be in the repository, its secret set. A service
-- that exists stays as it is: `spcs-worker-tui update` changes it, and never by replacing it.
--
-- Run as: the role of 01_role.sql.
-- Costs: resumes the compute pool; see 04_compute_pool.sql.
-- Undo: 90_drop_service.sql
-- Variables:
--   database [PREFECT] Database of 02_database.sql.
--   schema [WORKERS] Schema of 02_database.sql.
--   service [WORKER] Service; made when missing. A name that needs no quotes.
--   compute_pool [WORKER_POOL] Compute pool of 04_compute_pool.sql.
--   integration [PREFECT_ACCESS] Integration of 06_external_access.sql, in upper case.
--   instances [1] How many containers of the worker run.
--   specification [] Text of spcs-service-spec.yaml, filled in. It contains no secret.
--   role [PREFECT_OPERATOR] Role of 01_role.sql.

USE ROLE <% role %>;

-- Inline, so that no stage, upload and grant on a stage is needed. Names of integrations are compared
-- as written here, hence the upper case.
CREATE SERVICE IF NOT EXISTS <% database %>.<% schema %>.<% service %>
  IN COMPUTE POOL <% compute_pool %>
  FROM SPECIFICATION $$
<% specification %>
$$
  EXTERNAL_ACCESS_INTEGRATIONS = (<% integration %>)
  MIN_INSTANCES = <% instances %>
  MAX_INSTANCES = <% instances %>
  COMMENT = 'Prefect worker';

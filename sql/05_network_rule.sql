-- 05 Network rule: the host of the Prefect API. By itself it opens nothing: 06 does.
--
-- Run as: SYSADMIN, or a role that inherits it.
-- Costs: nothing.
-- Undo: 91_drop_external_access.sql
-- Variables:
--   database [PREFECT] Database of 02_database.sql.
--   schema [WORKERS] Schema of 02_database.sql.
--   network_rule [PREFECT_API] Network rule; made, or set to this host.
--   prefect_host [api.prefect.cloud:443] Host of PREFECT_API_URL, with its port; no wildcard.

USE ROLE SYSADMIN;

-- OR ALTER and not OR REPLACE: integrations that hold the rule keep it.
CREATE OR ALTER NETWORK RULE <% database %>.<% schema %>.<% network_rule %>
  TYPE = HOST_PORT
  MODE = EGRESS
  VALUE_LIST = ('<% prefect_host %>')
  COMMENT = 'Prefect API, for Prefect workers';

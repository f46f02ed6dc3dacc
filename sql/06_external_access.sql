-- 06 External access integration: the only way out of a service. There is no IF NOT EXISTS for
-- it, so it is replaced, and each run sets its rules to exactly network_rules.
--
-- Run as: ACCOUNTADMIN, or a role with CREATE INTEGRATION on the account and MANAGE GRANTS.
-- Costs: data transfer, if any.
-- Undo: 91_drop_external_access.sql
-- Variables:
--   database [PREFECT] Database of 02_database.sql.
--   schema [WORKERS] Schema of 02_database.sql.
--   integration [PREFECT_ACCESS] External access integration; made, or replaced.
--   network_rules [PREFECT_API] All its network rules, with commas: that of 05, and yours for other hosts.
--   role [PREFECT_OPERATOR] Role of 01_role.sql.

USE ROLE ACCOUNTADMIN;
USE SCHEMA <% database %>.<% schema %>;

CREATE OR REPLACE EXTERNAL ACCESS INTEGRATION <% integration %>
  ALLOWED_NETWORK_RULES = (<% network_rules %>)
  ENABLED = TRUE
  COMMENT = 'What Prefect workers may reach';

-- Replacing it took the grants away.
GRANT USAGE ON INTEGRATION <% integration %> TO ROLE <% role %>;

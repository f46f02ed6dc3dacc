-- 07 Secret: the Prefect API key, which the service's specification names and never contains.
-- Made with a placeholder, because a value would stand in a file, an argument or an echoed
-- statement. docs/sql.md says how to set it; one that exists keeps its value.
--
-- Run as: the role of 01_role.sql.
-- Costs: nothing.
-- Undo: 93_drop_secret.sql
-- Variables:
--   database [PREFECT] Database of 02_database.sql.
--   schema [WORKERS] Schema of 02_database.sql.
--   secret [PREFECT_API_KEY] Secret; made when missing. The specification names it.
--   role [PREFECT_OPERATOR] Role of 01_role.sql.

USE ROLE <% role %>;

CREATE SECRET IF NOT EXISTS <% database %>.<% schema %>.<% secret %>
  TYPE = GENERIC_STRING
  SECRET_STRING = 'placeholder'
  COMMENT = 'Prefect API key of the workers';

-- 02 Database and schema: where repository, secret and services live.
--
-- Run as: SYSADMIN, or a role that inherits it.
-- Costs: nothing by itself.
-- Undo: 95_drop_schema.sql, 96_drop_database.sql
-- Variables:
--   database [PREFECT] Database; made when missing. A name that needs no quotes.
--   schema [WORKERS] Schema in it; made when missing. A name that needs no quotes.
--   role [PREFECT_OPERATOR] Role of 01_role.sql.

USE ROLE SYSADMIN;

CREATE DATABASE IF NOT EXISTS <% database %>
  COMMENT = 'Prefect workers';
CREATE SCHEMA IF NOT EXISTS <% database %>.<% schema %>
  COMMENT = 'Prefect workers';

GRANT USAGE ON DATABASE <% database %> TO ROLE <% role %>;
GRANT USAGE, CREATE SERVICE, CREATE SECRET ON SCHEMA <% database %>.<% schema %> TO ROLE <% role %>;

-- 97 Tear-down, roles: last, because what a role owns cannot stay without an owner.
--
-- Run as: ACCOUNTADMIN, or a role that inherits USERADMIN.
-- Costs: nothing.
-- Undo: 01_role.sql, 09_monitoring_role.sql, and every grant of the others.
-- Variables:
--   role [PREFECT_OPERATOR] Role of 01_role.sql that goes.
--   monitor_role [PREFECT_MONITOR] Role of 09_monitoring_role.sql that goes.

USE ROLE ACCOUNTADMIN;

DROP ROLE IF EXISTS <% monitor_role %>;
DROP ROLE IF EXISTS <% role %>;

-- 91 Tear-down, way out: the integration, then its network rule. Services that are still there and
-- use it reach nothing from then on.
--
-- Run as: ACCOUNTADMIN, or a role that inherits the owners of both.
-- Costs: nothing.
-- Undo: 05_network_rule.sql, 06_external_access.sql
-- Variables:
--   database [PREFECT] Database of the network rule.
--   schema [WORKERS] Schema of the network rule.
--   network_rule [PREFECT_API] Network rule that goes. Refused while another integration uses it.
--   integration [PREFECT_ACCESS] External access integration that goes.

USE ROLE ACCOUNTADMIN;

DROP INTEGRATION IF EXISTS <% integration %>;
DROP NETWORK RULE IF EXISTS <% database %>.<% schema %>.<% network_rule %>;

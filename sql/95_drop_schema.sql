-- 95 Tear-down, schema: with EVERYTHING in it, also what is not of the workers. Its variables have
-- names of their own, so that those of the set-up cannot reach it by accident.
--
-- Run as: ACCOUNTADMIN, or a role that inherits the owner of the schema.
-- Costs: nothing.
-- Undo: nothing to rely on. UNDROP SCHEMA brings tables back while the account keeps them.
-- Variables:
--   drop_database [] Database of the schema.
--   drop_schema [] Schema that goes.

USE ROLE ACCOUNTADMIN;

DROP SCHEMA IF EXISTS <% drop_database %>.<% drop_schema %>;

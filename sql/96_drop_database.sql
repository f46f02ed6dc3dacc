-- 96 Tear-down, database: with EVERY schema in it, also what is not of the workers. Its variable
-- has a name of its own, so that those of the set-up cannot reach it by accident.
--
-- Run as: ACCOUNTADMIN, or a role that inherits the owner of the database.
-- Costs: nothing.
-- Undo: nothing to rely on. UNDROP DATABASE brings tables back while the account keeps them.
-- Variables:
--   drop_database [] Database that goes.

USE ROLE ACCOUNTADMIN;

DROP DATABASE IF EXISTS <% drop_database %>;

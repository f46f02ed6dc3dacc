-- 96 Tear-down, database: with EVERY schema in it, also what is not of the workers. Its variable
-- has a name of its own, so that those of the set-up cannot reach it by accident.
--
-- Run as: ACCOUNTADMIN, or a role that inherits the owner of the database.
-- Costs: nothing.
-- Undo: UNDROP DATABASE, within the time that the account keeps data; services do not come back.
-- Variables:
--   drop_database [] Database that goes.

USE ROLE ACCOUNTADMIN;

DROP DATABASE IF EXISTS <% drop_database %>;

-- 90 Tear-down, service: ends the worker, with SIGTERM and 30 seconds for its flow runs.
--
-- Run as: ACCOUNTADMIN, or a role that inherits the owner of the service.
-- Costs: nothing. The nodes are billed until the compute pool suspends.
-- Undo: 08_service.sql
-- Variables:
--   database [PREFECT] Database of the service.
--   schema [WORKERS] Schema of the service.
--   service [WORKER] Service that goes.

USE ROLE ACCOUNTADMIN;

DROP SERVICE IF EXISTS <% database %>.<% schema %>.<% service %>;

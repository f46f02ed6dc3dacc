-- 93 Tear-down, secret: Snowflake's copy of the Prefect API key. The key stays valid in Prefect
-- until it is revoked there. A service that names the secret fails at its next start.
--
-- Run as: ACCOUNTADMIN, or a role that inherits the owner of the secret.
-- Costs: nothing.
-- Undo: 07_secret.sql, and set the value again.
-- Variables:
--   database [PREFECT] Database of the secret.
--   schema [WORKERS] Schema of the secret.
--   secret [PREFECT_API_KEY] Secret that goes.

USE ROLE ACCOUNTADMIN;

DROP SECRET IF EXISTS <% database %>.<% schema %>.<% secret %>;

-- 01 Role: owns and operates the workers. What it may do is granted by the files that follow.
--
-- Run as: USERADMIN, or a role that inherits it.
-- Costs: nothing.
-- Undo: 97_drop_roles.sql
-- Variables:
--   role [PREFECT_OPERATOR] Role that deploys and operates the workers; made when missing.
--   user [] User who gets the role, in double quotes where SQL needs them.

USE ROLE USERADMIN;

CREATE ROLE IF NOT EXISTS <% role %>
  COMMENT = 'Deploys and operates Prefect workers';

-- So that administrators keep sight of what the role owns.
GRANT ROLE <% role %> TO ROLE SYSADMIN;
GRANT ROLE <% role %> TO USER <% user %>;

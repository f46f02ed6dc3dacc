-- 03 Image repository: where `spcs-worker-tui push` and `docker push` put images of the worker.
--
-- Run as: SYSADMIN, or a role that inherits it.
-- Costs: storage of the images.
-- Undo: 94_drop_image_repository.sql
-- Variables:
--   database [PREFECT] Database of 02_database.sql.
--   schema [WORKERS] Schema of 02_database.sql.
--   repository [IMAGES] Image repository; made when missing. A name that needs no quotes.
--   role [PREFECT_OPERATOR] Role of 01_role.sql.

USE ROLE SYSADMIN;

CREATE IMAGE REPOSITORY IF NOT EXISTS <% database %>.<% schema %>.<% repository %>
  COMMENT = 'Images of Prefect workers';

GRANT READ, WRITE ON IMAGE REPOSITORY <% database %>.<% schema %>.<% repository %>
  TO ROLE <% role %>;

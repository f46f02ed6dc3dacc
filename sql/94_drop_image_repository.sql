-- 94 Tear-down, image repository: with every image in it, of whatever program.
--
-- Run as: ACCOUNTADMIN, or a role that inherits the owner of the repository.
-- Costs: nothing; ends the storage of the images.
-- Undo: 03_image_repository.sql, and push again.
-- Variables:
--   database [PREFECT] Database of the repository.
--   schema [WORKERS] Schema of the repository.
--   repository [IMAGES] Image repository that goes.

USE ROLE ACCOUNTADMIN;

DROP IMAGE REPOSITORY IF EXISTS <% database %>.<% schema %>.<% repository %>;

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from spcs_worker_tui.adapters.snowflake.service_rows import ServiceRows

NOW = datetime(2026, 3, 1, tzinfo=UTC)
INGEST = {"database_name": "A", "schema_name": "P", "name": "INGEST", "status": "RUNNING"}
EXPORT = {"database_name": "A", "schema_name": "P", "name": "EXPORT", "status": "RUNNING"}


def test_only_what_is_not_what_it_was_is_read_again() -> None:
    service_rows = ServiceRows("dev")
    ingest, export = service_rows.read([INGEST, EXPORT], NOW)
    later = NOW + timedelta(seconds=5)
    suspended = {**EXPORT, "status": "SUSPENDED"}
    again, changed = service_rows.read([dict(INGEST), suspended], later)
    assert again is ingest
    assert (export.status, changed.status, changed.observed_at) == ("RUNNING", "SUSPENDED", later)


def test_a_service_that_comes_back_is_read_anew() -> None:
    service_rows = ServiceRows("dev")
    (before,) = service_rows.read([INGEST], NOW)
    assert service_rows.read([], NOW) == ()
    (after,) = service_rows.read([INGEST], NOW + timedelta(seconds=5))
    assert after is not before

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from spcs_worker.name import own_address, worker_name

SPCS = {
    "SNOWFLAKE_DATABASE": "ANALYTICS",
    "SNOWFLAKE_SCHEMA": "PUBLIC",
    "SNOWFLAKE_SERVICE_NAME": "PREFECT_WORKER",
}


def no_address() -> str | None:
    raise AssertionError("not to be asked")


def test_service_and_instance():
    assert worker_name(SPCS, "statefulset-3", no_address) == "analytics.public.prefect_worker.3"


def test_the_address_stands_in_for_a_host_name_without_a_number():
    assert worker_name(SPCS, "host", lambda: "10.244.0.9").endswith(".prefect_worker.ip-10-244-0-9")


def test_no_number_and_no_address():
    assert worker_name(SPCS, "Some.Host", lambda: None).endswith(".some-host")


def test_quoted_identifiers_lose_what_prefect_cannot_take():
    environ = {**SPCS, "SNOWFLAKE_SCHEMA": "Äx/y% z.1"}
    assert worker_name(environ, "statefulset-0") == "analytics.-x-y--z-1.prefect_worker.0"


def test_outside_spcs_it_is_the_host():
    assert worker_name({}, "Build-Machine.local") == "build-machine-local"
    assert worker_name({**SPCS, "SNOWFLAKE_SCHEMA": " "}, "laptop") == "laptop"
    assert worker_name({}, "") == "worker"


@given(st.text(min_size=1), st.text())
def test_prefect_takes_every_name(part: str, hostname: str):
    environ = dict.fromkeys(SPCS, part)
    assert re.fullmatch(r"[a-z0-9_.-]+", worker_name(environ, hostname, lambda: None))


def test_own_address_is_one_or_none():
    found = own_address()
    assert found is None or re.fullmatch(r"[\d.]+", found)

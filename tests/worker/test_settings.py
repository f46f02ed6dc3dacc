from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker.exits import ExitStatus
from spcs_worker.settings import SettingsError, WorkerSettings, masked_url

WORKSPACE = (
    "https://api.prefect.cloud/api/accounts/11111111-2222-3333-4444-555555555555"
    "/workspaces/66666666-7777-8888-9999-000000000000"
)
GOOD = {"PREFECT_API_URL": "https://prefect.example.com/api", "PREFECT_WORK_POOL": "analytics"}


def problems(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        WorkerSettings.from_environ({**GOOD, **environ})
    return list(caught.value.problems)


def test_the_least_that_is_needed():
    settings = WorkerSettings.from_environ(GOOD)
    assert settings.api_url == "https://prefect.example.com/api"
    assert settings.work_pool == "analytics"
    assert settings.work_queues == ()
    assert settings.limit is None
    assert settings.create_pool is False
    assert (settings.heartbeat_seconds, settings.query_seconds) == (30, 10.0)
    assert (settings.webserver_host, settings.webserver_port) == ("0.0.0.0", 8080)
    assert settings.drain_seconds == 22.0
    assert settings.credentials_name is None


def test_everything_set():
    settings = WorkerSettings.from_environ(
        {
            "PREFECT_API_URL": WORKSPACE + "/",
            "PREFECT_API_KEY": " pnu_secret ",
            "PREFECT_WORKER_POOL_NAME": "old-name",
            "PREFECT_WORK_QUEUES": "high, default,high",
            "PREFECT_WORKER_LIMIT": "4",
            "PREFECT_WORKER_CREATE_POOL": "True",
            "PREFECT_LOGGING_LEVEL": "debug",
            "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
            "PREFECT_WORKER_QUERY_SECONDS": "2.5",
            "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
            "PREFECT_WORKER_WEBSERVER_PORT": "9090",
            "PREFECT_WORKER_DRAIN_SECONDS": "10",
            "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-Proxy": "yes"}',
        }
    )
    assert settings.api_url == WORKSPACE
    assert settings.api_key == "pnu_secret"
    assert settings.work_pool == "old-name"
    assert settings.work_queues == ("high", "default")
    assert settings.limit == 4
    assert settings.create_pool is True
    assert settings.logging_level == "DEBUG"
    assert (settings.heartbeat_seconds, settings.query_seconds) == (5, 2.5)
    assert (settings.webserver_host, settings.webserver_port) == ("127.0.0.1", 9090)
    assert settings.drain_seconds == 10
    assert settings.custom_headers == {"X-Proxy": "yes"}
    assert settings.credentials_name == "PREFECT_API_KEY"


def test_the_newer_name_of_the_work_pool_wins():
    environ = {**GOOD, "PREFECT_WORKER_POOL_NAME": "other"}
    assert WorkerSettings.from_environ(environ).work_pool == "analytics"


def test_every_mistake_is_named_at_once():
    with pytest.raises(SettingsError) as caught:
        WorkerSettings.from_environ(
            {
                "PREFECT_API_URL": "prefect.example.com",
                "PREFECT_API_AUTH_STRING": "nocolon",
                "PREFECT_WORK_QUEUES": "a,,b",
                "PREFECT_WORKER_LIMIT": "many",
                "PREFECT_WORKER_CREATE_POOL": "perhaps",
                "PREFECT_LOGGING_LEVEL": "loud",
                "PREFECT_WORKER_HEARTBEAT_SECONDS": "0",
                "PREFECT_WORKER_QUERY_SECONDS": "nan",
                "PREFECT_WORKER_WEBSERVER_PORT": "65536",
                "PREFECT_WORKER_DRAIN_SECONDS": "30",
                "PREFECT_CLIENT_CUSTOM_HEADERS": "[]",
            }
        )
    text = str(caught.value)
    for name in (
        "PREFECT_API_URL",
        "PREFECT_WORK_POOL ",
        "PREFECT_API_AUTH_STRING",
        "PREFECT_WORK_QUEUES",
        "PREFECT_WORKER_LIMIT",
        "PREFECT_WORKER_CREATE_POOL",
        "PREFECT_LOGGING_LEVEL",
        "PREFECT_WORKER_HEARTBEAT_SECONDS",
        "PREFECT_WORKER_QUERY_SECONDS",
        "PREFECT_WORKER_WEBSERVER_PORT",
        "PREFECT_WORKER_DRAIN_SECONDS",
        "PREFECT_CLIENT_CUSTOM_HEADERS",
    ):
        assert name in text
    assert len(caught.value.problems) == 12


def test_blank_is_missing():
    assert [line.split()[0] for line in problems(PREFECT_API_URL=" ", PREFECT_WORK_POOL="")] == [
        "PREFECT_API_URL",
        "PREFECT_WORK_POOL",
    ]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://api.prefect.cloud/api", "workspace"),
        ("https://user@", "http"),
        ("ftp://prefect.example.com/api", "http"),
        ("http://host:port/api", "http"),
        ("http://[::1/api", "http"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, word: str):
    assert any(word in line for line in problems(PREFECT_API_URL=url, PREFECT_API_KEY="k"))


def test_prefect_cloud_wants_a_key_and_no_auth_string():
    assert [
        line.split()[0]
        for line in problems(PREFECT_API_URL=WORKSPACE, PREFECT_API_AUTH_STRING="user:pw")
    ] == ["PREFECT_API_AUTH_STRING", "PREFECT_API_KEY"]


def test_a_reserved_name_cannot_be_created_but_can_be_served():
    reserved = {**GOOD, "PREFECT_WORK_POOL": "prefect-managed"}
    assert WorkerSettings.from_environ(reserved).work_pool == "prefect-managed"
    assert "reserved" in problems(**reserved, PREFECT_WORKER_CREATE_POOL="true")[0]


def test_secrets_are_in_no_repr_and_no_message():
    settings = WorkerSettings.from_environ(
        {
            **GOOD,
            "PREFECT_API_URL": "https://user:hunter2@prefect.example.com/api?token=hunter2",
            "PREFECT_API_KEY": "hunter2",
            "PREFECT_API_AUTH_STRING": "user:hunter2",
            "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X": "hunter2"}',
        }
    )
    assert "hunter2" not in repr(settings)
    assert settings.shown_api_url == "https://***@prefect.example.com/api"
    text = "".join(problems(PREFECT_API_KEY="hunter2\x00", PREFECT_API_AUTH_STRING="hunter2"))
    assert "hunter2" not in text
    assert "copy it again" in text


@given(
    st.dictionaries(
        st.sampled_from(
            [*GOOD, "PREFECT_WORK_QUEUES", "PREFECT_WORKER_LIMIT", "PREFECT_WORKER_QUERY_SECONDS"]
        ),
        st.text(),
    )
)
def test_no_value_ends_in_a_traceback(environ: dict[str, str]):
    try:
        work_pool = WorkerSettings.from_environ(environ).work_pool
    except SettingsError:
        return
    assert work_pool


@given(st.text())
def test_masking_takes_any_text(text: str):
    masked_url("http://host/" + text)


def test_a_wrong_environment_is_told_without_loading_anything_heavy():
    # -X importtime names every module that was imported, on standard error.
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "spcs_worker"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == ExitStatus.CONFIG
    assert "PREFECT_API_URL is missing" in done.stderr
    assert "PREFECT_WORK_POOL is missing" in done.stderr
    assert "Traceback" not in done.stderr
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert loaded.isdisjoint({"prefect", "httpx", "asyncio", "pydantic"})

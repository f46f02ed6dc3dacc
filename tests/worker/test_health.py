from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from spcs_worker.exits import ExitStatus, WorkerStopped
from spcs_worker.health import Health, HealthServer


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def health(time: Time) -> Health:
    return Health(
        worker="db.s.w.0", work_pool="pool", heartbeat_seconds=30, query_seconds=10, clock=time
    )


def test_not_ready_before_prefect_confirmed_a_heartbeat(health: Health):
    health.phase = "cannot reach Prefect at http://host/api: refused"
    assert health.judge() == (False, "cannot reach Prefect at http://host/api: refused")


def test_ready_until_the_heartbeat_is_older_than_three_intervals(health: Health, time: Time):
    health.heartbeat_at = time.now
    assert health.judge()[0]
    time.now += 90
    assert health.judge()[0]
    time.now += 0.1
    ready, why = health.judge()
    assert not ready
    assert "no heartbeat" in why


def test_not_ready_once_the_polling_has_stopped(health: Health, time: Time):
    health.heartbeat_at = time.now
    health.poll_age = lambda: 60.0
    assert health.judge()[0]
    health.poll_age = lambda: 60.1
    ready, why = health.judge()
    assert not ready
    assert "has not asked for flow runs" in why


def test_not_ready_while_draining(health: Health, time: Time):
    health.heartbeat_at = time.now
    health.draining = "draining: 1 flow run to finish"
    assert health.judge() == (False, "draining: 1 flow run to finish")


@pytest.fixture
def server(health: Health) -> Iterator[str]:
    serving = HealthServer(health, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{serving.port}"
    serving.close()


def test_the_endpoint_says_why(server: str, health: Health, time: Time):
    answer = httpx.get(server + "/health")
    assert answer.status_code == 503
    assert answer.json()["message"] == "starting"
    health.heartbeat_at = time.now - 2
    health.poll_age = lambda: 1.25
    answer = httpx.get(server + "/health?probe=1")
    assert answer.status_code == 200
    assert json.loads(answer.text) == {
        "ready": True,
        "message": "Prefect has this worker's heartbeat",
        "worker": "db.s.w.0",
        "work_pool": "pool",
        "heartbeat_age_seconds": 2.0,
        "poll_age_seconds": 1.2,
    }
    assert httpx.get(server + "/").status_code == 404


def test_a_taken_port_is_one_clear_sentence(server: str, health: Health):
    port = httpx.URL(server).port
    assert port is not None
    with pytest.raises(WorkerStopped, match="PREFECT_WORKER_WEBSERVER_PORT") as caught:
        HealthServer(health, "127.0.0.1", port)
    assert caught.value.status == ExitStatus.PORT_TAKEN

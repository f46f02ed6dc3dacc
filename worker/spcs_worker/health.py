"""`GET /health`: 200 only while Prefect itself confirms that this worker lives.

Prefect's own endpoint says that the poll loop ticks; it is 200 with a wrong address or a missing
work pool (prefect-contract 4.2). This one is 503 until the worker's own heartbeat was read back
from Prefect, and again when that heartbeat grows old or the polling stops.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from spcs_worker.exits import ExitStatus, WorkerStopped

STALE_INTERVALS = 3
"""Prefect, too, calls a worker OFFLINE after three intervals (prefect-contract 2.3)."""
STOPPED_POLLS = 6
SHORTEST_POLL_WINDOW_SECONDS = 60.0
"""One slow answer of the API is no reason to call a worker stuck."""


@dataclass(slots=True)
class Health:
    """What is known about this worker's life; written by its loop, read by the endpoint.

    Single assignments of immutable values, so the two threads need no lock.
    """

    worker: str
    work_pool: str
    heartbeat_seconds: float
    query_seconds: float
    clock: Callable[[], float] = time.monotonic
    phase: str = "starting"
    """What the worker waits for while nothing is confirmed yet."""
    heartbeat_at: float | None = None
    """When the heartbeat in Prefect was last seen to have moved on, by `clock`."""
    poll_age: Callable[[], float] | None = None
    """Seconds since the worker last asked for flow runs."""
    draining: str | None = None

    def judge(self) -> tuple[bool, str]:
        """Whether the worker is ready, and why or why not in one sentence."""
        if self.draining is not None:
            return False, self.draining
        if self.heartbeat_at is None:
            return False, self.phase
        now = self.clock()
        age = now - self.heartbeat_at
        if age > STALE_INTERVALS * self.heartbeat_seconds:
            return False, (
                f"Prefect has had no heartbeat of this worker for {age:.0f} s, "
                f"more than {STALE_INTERVALS} intervals of {self.heartbeat_seconds:g} s"
            )
        if self.poll_age is not None:
            silent = self.poll_age()
            if silent > max(STOPPED_POLLS * self.query_seconds, SHORTEST_POLL_WINDOW_SECONDS):
                return False, f"the worker has not asked for flow runs for {silent:.0f} s"
        return True, "Prefect has this worker's heartbeat"

    def answer(self) -> tuple[HTTPStatus, bytes]:
        """The endpoint's status and JSON body."""
        ready, message = self.judge()
        body = {
            "ready": ready,
            "message": message,
            "worker": self.worker,
            "work_pool": self.work_pool,
            "heartbeat_age_seconds": (
                None if self.heartbeat_at is None else round(self.clock() - self.heartbeat_at, 1)
            ),
            "poll_age_seconds": None if self.poll_age is None else round(self.poll_age(), 1),
        }
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return status, json.dumps(body).encode()


class HealthServer:
    """Serves `/health` from a thread, so that it answers while Prefect is still being imported."""

    def __init__(self, health: Health, host: str, port: int) -> None:
        class Handler(_HealthHandler):
            state = health

        try:
            self._server = _Server((host, port), Handler)
        except (OSError, OverflowError) as error:
            raise WorkerStopped(
                f"Cannot answer health checks on {host}:{port} ({error}): choose another "
                "PREFECT_WORKER_WEBSERVER_PORT or PREFECT_WORKER_WEBSERVER_HOST.",
                ExitStatus.PORT_TAKEN,
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="health", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a probe that hung up early is no news."""


class _HealthHandler(BaseHTTPRequestHandler):
    state: Health
    timeout = 10.0

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/health":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        status, body = self.state.answer()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a probe every few seconds would drown the flows' lines."""

"""The faults of the bench, and what has to be said of each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spcs_worker_tui.domain.verdict import Health
from support.faults import HARMED, VICTIM

REFRESHES = 3
"""Two, and the one that was under way when the fault began."""
SILENT = REFRESHES + 1
"""At an interval of one second, an answer may take two of them."""
NETWORK, PROXY, SERVER = "Check the network", "Check for a proxy", "Check that the Prefect server"


@dataclass(frozen=True)
class Case:
    """A fault, and what has to be said of it."""

    at: str
    kind: str
    screen: str
    """Words on the line of the connection or the service."""
    step: str = ""
    """Words of the next step."""
    check: str | None = None
    """Words of `--check`, where they are others; None: the same."""
    health: Health | None = Health.UNKNOWN
    """What `--check` ends with; None: degraded or broken, by how far it has gone."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    refreshes: int = REFRESHES
    is_twin: bool = False
    """Whether the program goes the same way as with another; tried on demand."""
    after: str = ""
    """What is said of the service when its containers are up again."""

    @property
    def name(self) -> str:
        values = (str(value).replace(" ", "-") for value in self.fields.values())
        return "-".join([self.at, self.kind, *values])


def snowflake(kind: str, screen: str, step: str, **more: Any) -> Case:
    fields = {"connection": VICTIM, **more.pop("fields", {})}
    return Case("snowflake", kind, screen, step, fields=fields, **more)


def prefect(kind: str, screen: str, step: str, **more: Any) -> Case:
    more = {"check": "no answer from Prefect yet", "health": Health.DEGRADED, **more}
    return Case("prefect", kind, screen, step, **more)


def worker(kind: str, screen: str, step: str, **more: Any) -> Case:
    # The platform itself takes a second to notice.
    more = {
        "health": Health.DEGRADED,
        "after": f"{HARMED} healthy",
        "refreshes": SILENT,
        **more,
    }
    return Case(
        "worker", kind, screen, step, fields={"connection": VICTIM, "service": HARMED}, **more
    )


LATE = "did not answer everything within"
CASES = (
    snowflake(
        "delay",
        "has not answered for",
        NETWORK,
        fields={"seconds": 60},
        refreshes=SILENT,
        check=LATE,
        is_twin=True,
    ),
    snowflake("hang", "has not answered for", NETWORK, refreshes=SILENT, check=LATE),
    snowflake("reset", "Connection reset by peer", NETWORK),
    snowflake("half", "is not Snowflake's, or broke off", PROXY, is_twin=True),
    snowflake("garbage", "is not Snowflake's, or broke off", PROXY),
    snowflake("no-json", "is not Snowflake's, or broke off", PROXY, is_twin=True),
    snowflake("html", "is not Snowflake's, or broke off", PROXY),
    snowflake("500", "500 Internal Server Error", NETWORK),
    snowflake("503", "503 Service Unavailable", NETWORK, is_twin=True),
    snowflake("role-revoked", "Role 'PREFECT_OPERATOR'", "Name a role that is granted"),
    snowflake(
        "hang",
        "has not answered for",
        NETWORK,
        refreshes=SILENT,
        check=LATE,
        fields={"statement": "SHOW SERVICES"},
    ),
    prefect("refuse", "Cannot reach", SERVER),
    prefect("hang", "has not answered for", SERVER, refreshes=SILENT),
    prefect(
        "slow",
        "has not answered for",
        SERVER,
        refreshes=SILENT,
        fields={"seconds": 60},
        is_twin=True,
    ),
    prefect("401", "asks for credentials", "Save a Prefect profile"),
    prefect("429", "asks to be left alone", "asked again by itself"),
    prefect("500", "answered 500", "Prefect server's own log", is_twin=True),
    prefect("html", "a web page instead of JSON", "Check PREFECT_API_URL"),
    prefect("garbage", "something else than a list", "Check that PREFECT_API_URL"),
    prefect("no-json", "something else than JSON", "Check PREFECT_API_URL", is_twin=True),
    worker("kill", "exit code 137", "Read the log", after="well since"),
    worker("oom", "exit code 137", "Read the log", after="well since", is_twin=True),
    worker("freeze", "Readiness probe is failing", "Wait and watch"),
    worker(
        "loop",
        "Restart loop",
        "Read the log",
        check="",
        health=None,
        # Ten minutes have to pass without a restart.
        after="Restart loop",
    ),
    worker("bad-image", "Cannot start", "", health=Health.BROKEN),
)

ALL = "SPCS_WORKER_TUI_FAULTS_ALL"
TRIED = CASES if os.environ.get(ALL) else tuple(case for case in CASES if not case.is_twin)

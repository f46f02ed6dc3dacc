"""What an engine says while it builds and pushes (Docker Engine API, `/build`, `/push`)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from spcs_worker_tui.adapters.docker.refusals import build_failed, push_failed
from spcs_worker_tui.domain.building import Progress, Report
from spcs_worker_tui.domain.text import one_line, printable

_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.DOTALL)
_NOISE = re.compile(
    r"\s*--->|Removing intermediate container|Removed intermediate container"
    r"|Successfully (built|tagged) "
)
_LAST_LINES = 12
_LONGEST_LINE = 500


class BuildReading:
    """Follows one build.

    Args:
        report: Told each step of the Dockerfile as it begins, and what it prints.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._rest = ""
        self._step = 0
        self._steps = 0
        self._instruction = ""
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self.image_id = ""
        """Of what was built; empty until it is."""

    @property
    def where(self) -> str:
        """`step 3 of 12`, or nothing before the first one."""
        return f"step {self._step} of {self._steps}" if self._step else ""

    def take(self, event: Mapping[str, Any]) -> None:
        """One event of the stream.

        Raises:
            BuildFailedError: It says that the build failed.
        """
        if "error" in event or "errorDetail" in event:
            self._flush()
            raise build_failed(_complaint(event), self.where, self._instruction, self._lines)
        aux = event.get("aux")
        if isinstance(aux, Mapping) and isinstance(aux.get("ID"), str):
            self.image_id = aux["ID"]
        if isinstance(event.get("stream"), str):
            self._take_text(event["stream"])
        elif isinstance(event.get("status"), str) and event.get("id"):
            self._report(layer_progress(event))

    def _take_text(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._take_line(line)

    def _flush(self) -> None:
        self._take_text("\n")

    def _take_line(self, line: str) -> None:
        # What a program prints over itself with carriage returns is worth its last state.
        text = printable(line.rstrip("\r").rpartition("\r")[2]).rstrip()
        if not text:
            return
        if match := _STEP.fullmatch(text):
            self._step, self._steps = int(match[1]), int(match[2])
            self._instruction = one_line(match[3], _LONGEST_LINE)
            self._lines.clear()
            said = f"Step {self._step}/{self._steps}: {self._instruction}"
            self._report(Progress(said, done=self._step, total=self._steps))
        elif "Using cache" in text and text.lstrip().startswith("--->"):
            self._report(Progress("taken from the cache"))
        elif not _NOISE.match(text):
            self._lines.append(one_line(text, _LONGEST_LINE))
            self._report(Progress(self._lines[-1]))


class PushReading:
    """Follows one push.

    Args:
        report: Told how far each layer is.
        reference: What is pushed, for refusals.
    """

    def __init__(self, report: Report, reference: str) -> None:
        self._report = report
        self._reference = reference
        self.digest = ""
        """That the registry gave the image; empty until it has."""

    def take(self, event: Mapping[str, Any]) -> None:
        """One event of the stream.

        Raises:
            RegistryError: It says that the push failed.
        """
        if "error" in event or "errorDetail" in event:
            raise push_failed(_complaint(event), self._reference)
        aux = event.get("aux")
        if isinstance(aux, Mapping) and isinstance(aux.get("Digest"), str):
            self.digest = aux["Digest"]
        if isinstance(event.get("status"), str) and event.get("id"):
            self._report(layer_progress(event))


def layer_progress(event: Mapping[str, Any]) -> Progress:
    """One saying about a layer, with bytes where the engine counts them."""
    detail = event.get("progressDetail")
    detail = detail if isinstance(detail, Mapping) else {}
    done, total = _count(detail.get("current")), _count(detail.get("total"))
    part = one_line(str(event["id"]), 80)
    if done is None or not total:
        return Progress(one_line(str(event["status"])), part)
    # The engine counts what it compresses, which may come to a little more than it announced.
    return Progress(one_line(str(event["status"])), part, min(done, total), total)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _complaint(event: Mapping[str, Any]) -> str:
    detail = event.get("errorDetail")
    if isinstance(detail, Mapping) and detail.get("message"):
        return one_line(str(detail["message"]), 1000)
    return one_line(str(event.get("error", "")), 1000)

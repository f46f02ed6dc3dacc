"""What containers wrote: kept per container, read as SYSTEM$GET_SERVICE_LOGS reads it.

Contract 1.5. Snowflake's errors for logs that are not there are unverified; here they are of
class 22023, and a client that treats any of them as "no logs yet" is right about both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from spcs_worker_tui.sandbox.catalogue.platform import LogRecord
from spcs_worker_tui.sandbox.results import SqlError

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Service

ANSWER_LIMIT: Final = 100 * 1024
"""Bytes in one answer."""
RUN_LIMIT: Final = 256 * 1024
"""Bytes of text kept of one run; the oldest lines go first."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // _MICROSECOND * 1000


def log_stamp(timestamp_ns: int) -> str:
    """`2024-10-22T01:12:29.873896187Z`, as the prefix of a line."""
    seconds, fraction = divmod(timestamp_ns, 10**9)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


class Run:
    """What one life of a container wrote: the newest lines, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self.lines: deque[tuple[int, str]] = deque()
        self._limit = limit
        self._bytes = 0

    def append(self, timestamp_ns: int, text: str) -> None:
        """Add a line, forgetting the oldest ones if there is no room for all."""
        self.lines.append((timestamp_ns, text))
        self._bytes += _size(text)
        while self._bytes > self._limit and len(self.lines) > 1:
            self._bytes -= _size(self.lines.popleft()[1])


class ContainerLog:
    """The log of one container: this run, the one before, and what fits of those before that."""

    def __init__(self, limit: int = RUN_LIMIT) -> None:
        self._limit = limit
        self._last_ns = 0
        self._older = Run(limit // 4)
        self.previous: Run | None = None
        self.current = Run(limit)
        self.ended_at: datetime | None = None

    def write(self, moment: datetime, text: str) -> None:
        """Add a line to the present run. Later lines always get later timestamps."""
        self._last_ns = max(nanoseconds(moment), self._last_ns + 1)
        self.current.append(self._last_ns, text)

    def follow(self, earlier: ContainerLog) -> None:
        """Keep what an earlier container of the same name wrote, for SPCS_GET_LOGS only."""
        self._last_ns = earlier._last_ns
        self._keep(earlier.all_lines())

    def restart(self) -> None:
        """The container starts another run."""
        if self.previous is not None:
            self._keep(self.previous.lines)
        self.previous, self.current = self.current, Run(self._limit)
        self.ended_at = None

    def all_lines(self) -> Iterator[tuple[int, str]]:
        """Everything that is still kept, oldest first."""
        yield from self._older.lines
        if self.previous is not None:
            yield from self.previous.lines
        yield from self.current.lines

    def _keep(self, lines: Iterable[tuple[int, str]]) -> None:
        for timestamp_ns, text in lines:
            self._older.append(timestamp_ns, text)


class LogStore:
    """The logs of all containers of one account.

    Args:
        retention: For how many seconds the log of an ended container can be read.
        limit: Bytes of text kept of one run.
    """

    def __init__(self, retention: float, limit: int = RUN_LIMIT) -> None:
        self._retention = timedelta(seconds=retention)
        self._limit = limit
        self._logs: dict[int, dict[tuple[int, str], ContainerLog]] = {}

    def open(self, service: Service, instance_id: int, container: str) -> ContainerLog:
        """A new container writes here; it is no restart of an earlier one of that name."""
        logs = self._logs.setdefault(id(service), {})
        log = ContainerLog(self._limit)
        if (earlier := logs.get((instance_id, container))) is not None:
            log.follow(earlier)
        logs[instance_id, container] = log
        return log

    def forget(self, service: Service) -> None:
        """The service is gone."""
        self._logs.pop(id(service), None)

    def read(
        self,
        service: Service,
        instance_id: int,
        container: str,
        now: datetime,
        *,
        lines: int | None = None,
        previous: bool = False,
        since: datetime | None = None,
        timestamps: bool = False,
    ) -> str:
        """The text of one answer: the newest lines, at most 100 KB.

        Raises:
            SqlError: The container has not started, is unknown, or has no previous life.
        """
        log = self._find(service, instance_id, container, now)
        run = log.current
        if previous:
            if log.previous is None:
                raise _unavailable(f"Container '{container}' has no previous logs")
            run = log.previous
        since_ns = nanoseconds(since) if since else 0
        return _newest(run, lines, since_ns, timestamps)

    def records(self, service: Service, start: datetime, end: datetime) -> list[LogRecord]:
        """Everything kept between the two, both included, oldest first."""
        first, last = nanoseconds(start), nanoseconds(end)
        found = [
            LogRecord(timestamp_ns, instance_id, container, text)
            for (instance_id, container), log in self._logs.get(id(service), {}).items()
            for timestamp_ns, text in log.all_lines()
            if first <= timestamp_ns <= last
        ]
        return sorted(found, key=lambda record: record.timestamp_ns)

    def _find(
        self, service: Service, instance_id: int, container: str, now: datetime
    ) -> ContainerLog:
        log = self._logs.get(id(service), {}).get((instance_id, container))
        for instance in service.instances:
            if instance.instance_id != instance_id:
                continue
            model = next((c for c in instance.containers if c.name == container), None)
            if model is None:
                raise _unavailable(f"Container '{container}' does not exist in the service")
            if log is None or model.start_time is None:
                raise _unavailable(f"Container '{container}' has not started")
            return log
        if log is None or log.ended_at is None or now - log.ended_at > self._retention:
            raise _unavailable(f"Instance '{instance_id}' does not exist in the service")
        return log


def _newest(run: Run, count: int | None, since_ns: int, timestamps: bool) -> str:
    """The last `count` lines at or after `since_ns` that fit into one answer."""
    chosen: list[str] = []
    room = ANSWER_LIMIT
    for timestamp_ns, text in reversed(run.lines):
        if timestamp_ns < since_ns or (count is not None and len(chosen) >= count):
            break
        line = f"{log_stamp(timestamp_ns)} {text}" if timestamps else text
        # The last line has no newline after it.
        needed = len(line.encode()) + bool(chosen)
        if needed > room:
            if not chosen:
                chosen.append(line.encode()[:room].decode(errors="ignore"))
            break
        room -= needed
        chosen.append(line)
    return "\n".join(reversed(chosen))


def _size(text: str) -> int:
    # Also when most of it is outside ASCII this is near enough for a bound on memory.
    return len(text) + 1


def _unavailable(reason: str) -> SqlError:
    return SqlError("395022", "22023", f"Logs are not available: {reason}.")

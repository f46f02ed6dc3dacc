"""`--check --notify`: says what `--check` found to where people look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    FleetError,
    KeyringError,
    NotificationError,
)
from spcs_worker_tui.domain.keys import NOTIFY_VARIABLE, KeyKind, KeyName, Secret, checked
from spcs_worker_tui.domain.notice import Address, Notice, Notifier, ToldBefore
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.domain.verdict import Health, Verdict

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceSnapshot
    from spcs_worker_tui.domain.key_ports import KeySource
    from spcs_worker_tui.operations.check import CheckReport

MOST_LINES = 12
"""Chat messages are cut at some length; the rest is counted."""
_WELL = frozenset({Health.HEALTHY, Health.SUSPENDED})


async def find_addresses(
    given: Sequence[str], environ: Mapping[str, str], keys: KeySource, notifier: Notifier
) -> tuple[Address, ...]:
    """The addresses that are meant, each checked without sending anything.

    Args:
        given: What stands behind `--notify`: Apprise URLs, and names of kept addresses.
        environ: Holds addresses when nothing is given.
        keys: The environment and the keyring.
        notifier: Knows which URLs are any.

    Raises:
        ConfigurationError: One is none, is not kept, or holds a token and was an argument.
        KeyringError: One is kept, and the keyring cannot be asked.
    """
    addresses = [await _find(text, keys, notifier) for text in given]
    if not given:
        urls = environ.get(NOTIFY_VARIABLE, "").split()
        addresses = [_address(Secret(url)) for url in urls]
    for address in addresses:
        notifier.check(address)
    return tuple(addresses)


async def _find(text: str, keys: KeySource, notifier: Notifier) -> Address:
    if "://" in text:
        address = _address(checked(KeyKind.ADDRESS, text))
        notifier.check(address)
        if notifier.shows_a_secret(address):
            raise ConfigurationError(
                f"the address {address.label} holds a token or a password, and every program on "
                "this machine can read arguments",
                next_step=f"Put it into {NOTIFY_VARIABLE}, or keep it with "
                "`spcs-worker-tui keys set notify:NAME` and say `--notify NAME`.",
            )
        return address
    return await named_address(text, keys)


async def named_address(name: str, keys: KeySource) -> Address:
    """The address that is kept under that name.

    Raises:
        ConfigurationError: There is none.
        KeyringError: The keyring cannot be asked.
    """
    key = KeyName.address(name)
    found = await keys.find(key)
    if found.problem:
        raise KeyringError(f"{key.words} cannot be had: {found.problem}", next_step=key.ways_on)
    if found.secret is None:
        raise ConfigurationError(f"{key.words} is nowhere kept", next_step=key.ways_on)
    return Address(checked(KeyKind.ADDRESS, found.secret.reveal()), name)


def _address(url: Secret) -> Address:
    scheme, separator, _ = url.reveal().partition("://")
    return Address(url, f"{one_line(scheme, 30)}://…" if separator else "(no URL)")


@dataclass(frozen=True, slots=True)
class Telling:
    """What came of it: how many addresses took the notice, and what went wrong."""

    sent: int = 0
    problems: tuple[FleetError, ...] = ()


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells what a check found.

    Args:
        addresses: Where it goes.
        notifier: Sends.
        require_running: A suspended service is worth a line.
        told: What was told before, when only changes are told; None: whatever is not healthy is.
        scope: Which check this is; others have a past of their own.
    """

    addresses: tuple[Address, ...]
    notifier: Notifier
    require_running: bool = False
    told: ToldBefore | None = None
    scope: str = ""

    def tell(self, report: CheckReport) -> Telling:
        """Send a notice, if there is something to tell.

        Of changes, that all is well again is one. What not every address took is told again next
        time.
        """
        if self.told is None:
            return Telling() if report.health in _WELL else self._send(report)
        now, before = self.picture(report), self.told.last(self.scope)
        if before == now:
            return Telling()
        is_news = before is not None or report.health not in _WELL
        telling = self._send(report) if is_news else Telling()
        if not telling.problems and (problem := self.told.keep(self.scope, now)):
            return Telling(telling.sent, (NotificationError(problem),))
        return telling

    def picture(self, report: CheckReport) -> tuple[str, ...]:
        """What has to change for it to be news: verdicts and connections; no reasons, no ages."""
        services = [f"{s.key} {v.health}" for s, v in report.services if self._is_unwell(v)]
        failed = [
            f"{connection.name} {connection.state}" for connection in report.failed_connections
        ]
        return (str(report.health), *sorted(services), *sorted(failed), *sorted(report.remarks))

    def notice(self, report: CheckReport) -> Notice:
        """The report in a few lines, the worst first."""
        weighed = [(v.health, _line(s, v)) for s, v in report.services if self._is_unwell(v)]
        weighed += [
            (Health.UNKNOWN, f"connection {one_line(c.name)}: {one_line(str(c.error or c.state))}")
            for c in report.failed_connections
        ]
        weighed += [(Health.UNKNOWN, one_line(remark)) for remark in report.remarks]
        weighed.sort(key=lambda pair: -pair[0].severity)
        lines = [line for _, line in weighed]
        if len(lines) > MOST_LINES:
            lines[MOST_LINES:] = [f"and {len(lines) - MOST_LINES} more"]
        total = sum(report.counts.values())
        counts = ", ".join(f"{count} {health}" for health, count in report.counts.items() if count)
        title = f"spcs-worker-tui: {report.health}"
        title += f" ({total} service{'' if total == 1 else 's'}: {counts})" if total else ""
        return Notice(report.health, title, "\n".join(lines) or "All is well again.")

    def _send(self, report: CheckReport) -> Telling:
        what = self.notice(report)
        problems: list[FleetError] = []
        for address in self.addresses:
            try:
                self.notifier.send(what, address)
            except NotificationError as error:
                problems.append(error)
        return Telling(len(self.addresses) - len(problems), tuple(problems))

    def _is_unwell(self, verdict: Verdict) -> bool:
        if verdict.health is Health.SUSPENDED:
            return self.require_running
        return verdict.health is not Health.HEALTHY


def trial_notice() -> Notice:
    """Shows that an address works."""
    return Notice(
        Health.HEALTHY, "spcs-worker-tui: a test", "This address takes the notices of --check."
    )


def _line(service: ServiceSnapshot, verdict: Verdict) -> str:
    """As in `broken: prod:A.B.C: why. What to do`."""
    parts = [f"{verdict.health}: {service.key}"]
    parts += [one_line(text, 300) for text in (verdict.reason, verdict.next_step) if text]
    return ": ".join(parts[:2]) + "".join(f". {part}" for part in parts[2:])

"""Who is told, what is told, and when: with the real Apprise, which sends nothing here."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from spcs_worker_tui.adapters.apprise_notifier import AppriseNotifier
from spcs_worker_tui.domain.errors import ConfigurationError, KeyringError, NotificationError
from spcs_worker_tui.domain.keys import FoundKey, KeyName, Secret
from spcs_worker_tui.domain.notice import Address, Notice
from spcs_worker_tui.domain.verdict import Health, JudgedFleet
from spcs_worker_tui.operations.check import CheckOptions, CheckReport, assess
from spcs_worker_tui.operations.notify import MOST_LINES, Teller, find_addresses
from support.pictures import big, demo, rejudged

TOKEN = "hunter2hunter2hunter2"


class Kept:
    """The port `KeySource` with one address in it."""

    async def find(self, name: KeyName, *, again: bool = False) -> FoundKey:
        if name == KeyName.address("on-call"):
            return FoundKey(Secret(f"slack://{TOKEN}/B1/C1"), "a test")
        locked = name == KeyName.address("locked")
        return FoundKey(problem="the keyring is locked" if locked else "")


async def found(given: Sequence[str], environ: Mapping[str, str] | None = None) -> list[str]:
    addresses = await find_addresses(given, environ or {}, Kept(), AppriseNotifier())
    return [address.label for address in addresses]


async def test_addresses_come_from_arguments_names_and_the_environment() -> None:
    ours = {"SPCS_WORKER_TUI_NOTIFY": f" json://a\nmailtos://me:{TOKEN}@example.com "}
    assert await found(["json://127.0.0.1:1/x", "jsons://h"]) == ["json://…", "jsons://…"]
    assert await found([], ours) == ["json://…", "mailtos://…"]
    assert await found(["json://x"], ours) == ["json://…"], "what is said counts more"
    assert await found([]) == []


async def test_a_kept_address_may_hold_a_token() -> None:
    assert await found(["on-call"]) == ["on-call"]


@pytest.mark.parametrize(
    "url",
    [
        f"json://user:{TOKEN}@127.0.0.1/",
        f"json://127.0.0.1/?+X-Token={TOKEN}",
        f"jsons://example.com/hook?api_key={TOKEN}",
        f"gotify://127.0.0.1/{TOKEN}",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    ],
    ids=["password", "header", "query", "path", "slack", "web"],
)
async def test_an_address_with_a_token_is_no_argument(url: str) -> None:
    with pytest.raises(ConfigurationError, match="can read arguments") as caught:
        await found([url])
    assert TOKEN not in str(caught.value) + caught.value.next_step
    assert "TIia" not in str(caught.value) + caught.value.next_step


@pytest.mark.parametrize(
    ("given", "environ", "complaint"),
    [
        (["nonsense://x"], {}, "nonsense://… is none that Apprise knows"),
        (["json://a b"], {}, "it is no Apprise URL"),
        (["no name"], {}, "'no name' is no name of a notification address"),
        (["other"], {}, "the notification address other is nowhere kept"),
        ([], {"SPCS_WORKER_TUI_NOTIFY": "hunter2"}, r"\(no URL\) is none that Apprise knows"),
    ],
    ids=["scheme", "space", "name", "not kept", "variable"],
)
async def test_a_wrong_address_is_one_sentence(
    given: list[str], environ: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        await found(given, environ)
    assert "hunter2" not in str(caught.value) + caught.value.next_step
    assert caught.value.next_step


async def test_a_keyring_that_cannot_be_asked_is_no_mistake_of_the_user() -> None:
    with pytest.raises(KeyringError, match="address locked cannot be had: the keyring is locked"):
        await found(["locked"])


def test_an_address_shows_nothing_of_itself() -> None:
    address = Address(Secret(f"slack://{TOKEN}"), "slack://…")
    assert TOKEN not in repr(address)


@dataclass
class Said:
    """The port `Notifier`: keeps what it is given, or takes nothing."""

    notices: list[Notice] = field(default_factory=list)
    takes: bool = True

    def check(self, address: Address) -> None: ...

    def shows_a_secret(self, address: Address) -> bool:
        return False

    def send(self, notice: Notice, address: Address) -> None:
        if not self.takes:
            raise NotificationError("no")
        self.notices.append(notice)


@dataclass
class Remembered:
    """The port `ToldBefore`, in memory."""

    told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str = ""

    def last(self, scope: str) -> tuple[str, ...] | None:
        return self.told.get(scope)

    def keep(self, scope: str, picture: tuple[str, ...]) -> str:
        if not self.problem:
            self.told[scope] = picture
        return self.problem


HERE = (Address(Secret("json://a"), "a"),)
TROUBLED = assess(demo(), CheckOptions())


def well() -> CheckReport:
    judged = demo()
    snapshot = dataclasses.replace(judged.snapshot, connections=judged.snapshot.connections[:1])
    for service in snapshot.services:
        judged = rejudged(judged, service.key.name, Health.HEALTHY)
    return assess(JudgedFleet(snapshot, judged.verdicts), CheckOptions())


def test_a_notice_says_who_why_and_what_to_do_the_worst_first() -> None:
    said = Said()
    assert Teller(HERE, said).tell(TROUBLED).sent == 1
    (notice,) = said.notices
    assert notice.title == "spcs-worker-tui: broken (6 services: 3 healthy, 3 broken)"
    lines = notice.body.splitlines()
    assert lines[0] == (
        "broken: dev:ANALYTICS.PREFECT.NIGHTLY: Suspended while 2 runs wait, the oldest for 15 min."
        " Nothing resumes it by itself. Press z to resume it"
    )
    assert lines[-1] == "connection lab: lab signs in with a browser"
    assert len(lines) == 4, "nothing of what is well"


def test_a_long_notice_counts_the_rest() -> None:
    said = Said()
    Teller(HERE, said).tell(assess(big(400), CheckOptions()))
    lines = said.notices[0].body.splitlines()
    assert len(lines) == MOST_LINES + 1
    assert re.fullmatch(r"and \d+ more", lines[-1])


def test_all_is_well_is_told_only_as_a_change() -> None:
    said, told = Said(), Remembered()
    assert Teller(HERE, said).tell(well()).sent == 0
    teller = Teller(HERE, said, told=told)
    assert teller.tell(well()).sent == 0, "it was well before anybody looked"
    assert teller.tell(TROUBLED).sent == 1
    assert teller.tell(TROUBLED).sent == 0
    assert teller.tell(well()).sent == 1
    assert said.notices[-1].body == "All is well again."
    assert said.notices[-1].title.startswith("spcs-worker-tui: healthy")


def test_a_reason_that_changes_is_no_news() -> None:
    """It holds ages and counts, which are others every time."""
    said, told = Said(), Remembered()
    Teller(HERE, said, told=told).tell(TROUBLED)
    judged = demo()
    verdicts = {k: dataclasses.replace(v, reason="another") for k, v in judged.verdicts.items()}
    later = assess(JudgedFleet(judged.snapshot, verdicts), CheckOptions())
    assert Teller(HERE, said, told=told).tell(later).sent == 0


def test_what_was_not_taken_or_not_remembered_is_told_again() -> None:
    said, told = Said(takes=False), Remembered()
    teller = Teller(HERE, said, told=told)
    assert len(teller.tell(TROUBLED).problems) == 1
    said.takes, told.problem = True, "the disk is full"
    telling = teller.tell(TROUBLED)
    assert (telling.sent, [str(p) for p in telling.problems]) == (1, ["the disk is full"])
    told.problem = ""
    assert teller.tell(TROUBLED).sent == 1
    assert teller.tell(TROUBLED).sent == 0

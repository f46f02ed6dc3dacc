"""Who is told, what is told, and when: with the real Apprise, which sends nothing here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from spcs_worker_tui.adapters.apprise_notifier import AppriseNotifier
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import FoundKey, KeyName, Secret
from spcs_worker_tui.domain.notice import Address
from spcs_worker_tui.operations.notify import find_addresses

TOKEN = "hunter2hunter2hunter2"


class Kept:
    """The port `KeySource` with one address in it."""

    async def find(self, name: KeyName, *, again: bool = False) -> FoundKey:
        if name == KeyName.address("on-call"):
            return FoundKey(Secret(f"slack://{TOKEN}/B1/C1"), "a test")
        return FoundKey(problem="the keyring is locked")


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
        (["other"], {}, "the notification address other is nowhere kept: the keyring is locked"),
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


def test_an_address_shows_nothing_of_itself() -> None:
    address = Address(Secret(f"slack://{TOKEN}"), "slack://…")
    assert TOKEN not in repr(address)

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from spcs_worker_tui.adapters.apprise_notifier import AppriseNotifier
from spcs_worker_tui.domain.errors import NotificationError
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.notice import Address, Notice
from spcs_worker_tui.domain.verdict import Health
from support.inbox import open_inbox

TEXT = "broken: prod:A.B.C: <b>[red]*why*[/red]</b> & \\n {x} %s"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Somebody listens there, and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("health", "kind"),
    [(Health.BROKEN, "failure"), (Health.UNKNOWN, "warning"), (Health.HEALTHY, "success")],
    ids=str,
)
def test_text_arrives_as_it_is(health: Health, kind: str) -> None:
    with open_inbox() as inbox:
        AppriseNotifier().send(Notice(health, "a title", TEXT), Address(Secret(inbox.url), "x"))
        (notice,) = inbox.notices
    assert (notice["title"], notice["message"], notice["type"]) == ("a title", TEXT, kind)


def test_who_never_answers_holds_nobody_up(silent_port: int) -> None:
    address = Address(Secret(f"json://127.0.0.1:{silent_port}"), "json://…")
    with pytest.raises(NotificationError, match="json://… did not answer in 0 s"):
        AppriseNotifier(seconds=0.2).send(Notice(Health.BROKEN, "t", "b"), address)


def test_who_refuses_is_said_without_a_word_of_apprise(capfd: pytest.CaptureFixture[str]) -> None:
    with open_inbox() as inbox:
        inbox.status = 403
        url = inbox.url.replace("127.0.0.1", "user:hunter2@127.0.0.1")
        with pytest.raises(NotificationError, match="did not take it") as caught:
            AppriseNotifier().send(Notice(Health.BROKEN, "t", "b"), Address(Secret(url), "x"))
    assert caught.value.next_step
    assert capfd.readouterr() == ("", "")

"""The first step: a saved connection, or a new one; signed in before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import KeyMissingError
from spcs_worker_tui.domain.keys import KeyKind, KeyName, Secret, checked
from spcs_worker_tui.domain.new_connection import NewConnection, SignInWay, checked_connection
from spcs_worker_tui.ui.lines import Cell, Line, fit
from spcs_worker_tui.ui.modals.choice import Item
from spcs_worker_tui.ui.screens.setup.page import (
    Move,
    Page,
    SetupField,
    SetupState,
    Stage,
    Values,
    told,
)
from spcs_worker_tui.ui.screens.setup.role import RolePage

if TYPE_CHECKING:
    from spcs_worker_tui.domain.wizard import SavedConnection

_NEW = "=new"
"""No connection has this name."""
_SECRET = "secret"  # noqa: S105 - the name of a field
_OF_NEW = ("name", "account", "user", "way", "role", "host", "private_key_file")
_LABELS = {
    KeyKind.PASSWORD: "Password",
    KeyKind.TOKEN: "Token",
    KeyKind.PASSPHRASE: "Passphrase of the key",
}


async def first_page(state: SetupState) -> Page:
    """The list of saved connections; where there are none, the form for a new one.

    Raises:
        ConfigurationError: A connections file is wrong.
    """
    saved = await state.desk.connections()
    return SavedPage(state, saved) if saved else NewPage(state, ())


class SavedPage(Page):
    """Which connection to use."""

    stage = Stage.CONNECTION
    title = "Which Snowflake connection?"
    busy = "Signing in."

    def __init__(self, state: SetupState, saved: Sequence[SavedConnection]) -> None:
        super().__init__(state)
        self._saved = saved

    def lines(self, room: int) -> list[Line]:
        """What it is for."""
        text = "Everything is set up through one connection, with its user and role."
        return told(text, room)

    def items(self) -> Sequence[Item]:
        """Those that are saved, and a new one."""
        wide = min(24, max(len(one.name) for one in self._saved) + 1)
        items = [
            Item(one.name, (Cell(fit(one.name, wide), "ink bold"), _about(one)))
            for one in self._saved
        ]
        return [*items, Item(_NEW, (Cell("A new connection", "accent"),))]

    def start(self) -> int:
        """The one of the last time."""
        names = [one.name for one in self._saved]
        wanted = self.draft.get("connection", "")
        if wanted in names:
            return names.index(wanted)
        return len(names) if wanted and wanted == self.draft.get("new.name") else 0

    def needs_person(self, item: str, values: Values) -> bool:
        """Whether the chosen one signs in with a browser or a telephone."""
        del values
        return any(one.needs_person for one in self._saved if one.name == item)

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Sign in with it, or ask for what it takes."""
        del values
        if item == _NEW:
            return NewPage(self.state, [one.name for one in self._saved])
        try:
            return await _signed_in(self.state, item, None)
        except KeyMissingError as error:
            return KeyPage(self.state, item, error.key)


def _about(one: SavedConnection) -> Cell:
    if one.problem:
        return Cell(one.problem, "verdict-broken")
    return Cell(one.words, "muted")


class KeyPage(Page):
    """The password, token or passphrase of a saved connection that nothing keeps."""

    stage = Stage.CONNECTION
    title = "One thing is missing to sign in"
    busy = "Signing in."

    def __init__(self, state: SetupState, connection: str, key: KeyName) -> None:
        super().__init__(state)
        self._connection = connection
        self._key = key

    def lines(self, room: int) -> list[Line]:
        """Which it is, and what becomes of it."""
        text = (
            f"Nothing keeps {self._key.words}. It goes into the keyring of this machine when the "
            "plan is applied, and into no file."
        )
        return told(text, room)

    def fields(self, values: Values) -> Sequence[SetupField]:
        """The one."""
        del values
        return [SetupField(_SECRET, _LABELS[self._key.kind], is_secret=True)]

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Sign in with it."""
        del item
        secret = checked(self._key.kind, values[_SECRET])
        return await _signed_in(self.state, self._connection, secret)


class NewPage(Page):
    """A new connection, with the fields of its way to sign in."""

    stage = Stage.CONNECTION
    title = "A Snowflake connection"
    busy = "Signing in."

    def __init__(self, state: SetupState, taken: Sequence[str]) -> None:
        super().__init__(state)
        self._taken = taken

    def lines(self, room: int) -> list[Line]:
        """What becomes of it."""
        first = "" if self._taken else "No connection is saved on this machine yet. "
        text = (
            f"{first}It is tried now, and saved in connections.toml when the plan is applied; "
            "its secret goes into the keyring, never into a file."
        )
        return told(text, room)

    def fields(self, values: Values) -> Sequence[SetupField]:
        """Those of the chosen way."""
        way = SignInWay(values.get("way") or self.draft.get("new.way") or SignInWay.PASSWORD)
        known = {name: self.draft.get(f"new.{name}", "") for name in _OF_NEW}
        # The settings may speak of a connection that this machine does not have yet.
        wanted = (self.draft.get("connection", ""), "default", "spcs", "spcs-2", "")
        default = next((n for n in wanted if n and n not in self._taken), "")
        found = [
            SetupField("account", "Account", known["account"], "MYORG-MYACCOUNT, or its URL"),
            SetupField("user", "User", known["user"]),
            SetupField("way", "Signs in with", way, choices=[(w, w.words) for w in SignInWay]),
        ]
        if way is SignInWay.KEY_PAIR:
            file = known["private_key_file"]
            found.append(SetupField("private_key_file", "Private key file", file, "~/.ssh/key.p8"))
        if way.secret is not None:
            can_miss = way is SignInWay.KEY_PAIR
            hint = "empty where it has none" if can_miss else ""
            label = _LABELS[way.secret]
            found.append(SetupField(_SECRET, label, "", hint, is_secret=True, can_miss=can_miss))
        return [
            *found,
            SetupField("role", "Role", known["role"], "the user's default role", can_miss=True),
            SetupField("name", "Saved as", known["name"] or default),
            SetupField("host", "Host", known["host"], "private connectivity only", can_miss=True),
        ]

    def needs_person(self, item: str, values: Values) -> bool:
        """Whether it opens a browser or asks a telephone."""
        del item
        return SignInWay(values["way"]).needs_person

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Sign in with it; it is not saved before the plan is applied."""
        del item
        new = checked_connection(values)
        secret = None
        typed = values.get(_SECRET, "")
        if new.way.secret is not None and (typed or new.way is not SignInWay.KEY_PAIR):
            secret = checked(new.way.secret, typed)
        for name in _OF_NEW:
            self.draft[f"new.{name}"] = values.get(name, "").strip()
        return await _signed_in(self.state, new, secret)


async def _signed_in(
    state: SetupState, connection: str | NewConnection, secret: Secret | None
) -> Page:
    state.standing = await state.desk.sign_in(connection, secret)
    state.draft["connection"] = connection if isinstance(connection, str) else connection.name
    state.passed.add(Stage.CONNECTION)
    return RolePage(state)

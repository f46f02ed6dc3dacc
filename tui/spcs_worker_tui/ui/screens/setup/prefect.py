"""The third step: which Prefect API the workers serve, and with what key."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import KeyKind, Secret, checked
from spcs_worker_tui.domain.prefect_places import (
    ActiveProfile,
    PrefectAccess,
    PrefectProof,
    Workspace,
    checked_api_url,
)
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.operations.wizard.draft import NO_KEY
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
from spcs_worker_tui.ui.screens.setup.work_pool import WorkPoolPage

_PROFILE, _CLOUD, _SERVER = "profile", "cloud", "server"
_KEY = "key"


class PrefectPage(Page):
    """Where Prefect is."""

    stage = Stage.PREFECT
    title = "Where is Prefect?"
    busy = "Asking Prefect."

    def __init__(self, state: SetupState) -> None:
        super().__init__(state)
        self._active: ActiveProfile | None = None

    async def load(self) -> None:
        """What Prefect's own tools use."""
        self._active = await self.state.desk.active_profile()

    def lines(self, room: int) -> list[Line]:
        """What it is for."""
        return told("Workers take flow runs from a work pool of one Prefect API.", room)

    def items(self) -> Sequence[Item]:
        """The three ways."""
        items = [
            Item(_CLOUD, _item("Prefect Cloud", "with an API key")),
            Item(_SERVER, _item("A Prefect server", "at its own address")),
        ]
        if self._active is not None:
            about = f"{self._active.source}: {one_line(self._active.api_url, 200)}"
            items.insert(0, Item(_PROFILE, _item("What Prefect uses here", about)))
        return items

    def start(self) -> int:
        """That of the last time."""
        names = [item.name for item in self.items()]
        wanted = self.draft.get("prefect_way", "") or self._usual
        return names.index(wanted) if wanted in names else 0

    @property
    def _usual(self) -> str:
        """How one gets to the API that the settings name."""
        url = self.draft.get("prefect_api_url", "")
        if not url or (self._active is not None and self._active.api_url == url):
            return _PROFILE
        return _CLOUD if PrefectAccess(url).is_cloud else _SERVER

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Ask on, or try what the profile says."""
        del values
        self.draft["prefect_way"] = item
        if item == _CLOUD:
            return CloudKeyPage(self.state)
        if item == _SERVER or self._active is None:
            return ServerPage(self.state)
        kind = self._active.kind or KeyKind.API_KEY
        return await _used(self.state, PrefectAccess(self._active.api_url, kind))


def _item(what: str, about: str) -> Line:
    return (Cell(fit(what, 24), "ink bold"), Cell(about, "muted"))


class CloudKeyPage(Page):
    """The key of Prefect Cloud."""

    stage = Stage.PREFECT
    title = "A Prefect Cloud API key"
    busy = "Asking Prefect Cloud for its workspaces."

    def lines(self, room: int) -> list[Line]:
        """Where there is one, and what becomes of it."""
        text = (
            "Prefect Cloud makes one under 'API Keys'; that of a service account is best for "
            "workers. When the plan is applied it goes into the keyring of this machine and into "
            "a Snowflake secret, and into no file."
        )
        return told(text, room)

    def fields(self, values: Values) -> Sequence[SetupField]:
        """The key."""
        del values
        return [SetupField(_KEY, "API key", is_secret=True, placeholder="pnu_… or pnb_…")]

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """List the workspaces."""
        del item
        key = checked(KeyKind.API_KEY, values[_KEY])
        found = await self.state.desk.workspaces(key)
        if not found:
            raise ConfigurationError(
                "this key may use no workspace",
                next_step="Give its user or service account access to one in Prefect Cloud.",
            )
        return WorkspacePage(self.state, key, found)


class WorkspacePage(Page):
    """Which workspace."""

    stage = Stage.PREFECT
    title = "Which workspace?"
    busy = "Trying the workspace."

    def __init__(self, state: SetupState, key: Secret, workspaces: Sequence[Workspace]) -> None:
        super().__init__(state)
        self._key = key
        self._workspaces = workspaces

    def items(self) -> Sequence[Item]:
        """Those of the key."""
        wide = min(40, max(len(one.name) for one in self._workspaces) + 1)
        return [
            Item(one.api_url, (Cell(fit(one.name, wide), "ink bold"), Cell(one.description)))
            for one in self._workspaces
        ]

    def start(self) -> int:
        """That of the last time."""
        urls = [one.api_url for one in self._workspaces]
        wanted = self.draft.get("prefect_api_url", "")
        return urls.index(wanted) if wanted in urls else 0

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Try the key there."""
        del values
        return await _used(self.state, PrefectAccess(item, KeyKind.API_KEY, self._key))


class ServerPage(Page):
    """The address of a server, and what it asks for."""

    stage = Stage.PREFECT
    title = "A Prefect server"
    busy = "Trying the Prefect API."

    def lines(self, room: int) -> list[Line]:
        """What is asked."""
        text = (
            "Its address as PREFECT_API_URL has it. Where it asks for user and password, they go "
            "into the keyring of this machine and into a Snowflake secret when the plan is "
            "applied, and into no file."
        )
        return told(text, room)

    def fields(self, values: Values) -> Sequence[SetupField]:
        """Address and auth string."""
        del values
        last = self.draft.get("prefect_api_url", "")
        url = "" if last and PrefectAccess(last).is_cloud else last
        return [
            SetupField("url", "API URL", url, "https://prefect.example.com/api"),
            SetupField(_KEY, "User:password", "", "where it asks", is_secret=True, can_miss=True),
        ]

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Try it."""
        del item
        url = checked_api_url(values["url"])
        typed = values.get(_KEY, "")
        secret = checked(KeyKind.AUTH_STRING, typed) if typed else None
        return await _used(self.state, PrefectAccess(url, KeyKind.AUTH_STRING, secret))


async def _used(state: SetupState, access: PrefectAccess) -> Page:
    proof = await state.desk.use_prefect(access)
    state.draft["prefect_api_url"] = access.api_url
    state.draft["prefect_key"] = proof.kind.value if proof.kind else NO_KEY
    state.draft["prefect_words"] = urlsplit(access.api_url).netloc
    state.prefect_said = _said(access, proof)
    state.passed.add(Stage.PREFECT)
    return WorkPoolPage(state)


def _said(access: PrefectAccess, proof: PrefectProof) -> str:
    said = f"{one_line(access.api_url, 120)} {proof.words}."
    if access.is_private:
        said += (
            " Its address belongs to this machine or network: a service in Snowflake gets there "
            "only if Snowflake itself can."
        )
    return said

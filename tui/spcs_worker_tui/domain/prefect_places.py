"""Prefect APIs to choose from, and what is behind them; and how a typed address becomes one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from spcs_worker_tui.domain.keys import KeyKind, KeyName, Secret, checked_url

CLOUD_API_URL = "https://api.prefect.cloud/api"
_CLOUD_PAGE = re.compile(
    r"https://app\.prefect\.cloud/account/([0-9a-fA-F-]{36})/workspace/([0-9a-fA-F-]{36})(?:/.*)?"
)
_LOCAL_NAMES = frozenset({"localhost", "host.docker.internal"})


@dataclass(frozen=True, slots=True)
class Workspace:
    """One of Prefect Cloud.

    Attributes:
        name: `account/workspace`, the handles that a user knows.
        api_url: What PREFECT_API_URL is to be.
        description: What somebody wrote about it, or empty.
    """

    name: str
    api_url: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class ActiveProfile:
    """The API that Prefect's own tools use now.

    Attributes:
        api_url: Its address.
        source: Where that is said: the environment, or a profile.
        kind: Of the key that is said there, or None without one.
    """

    api_url: str
    source: str
    kind: KeyKind | None = None


@dataclass(frozen=True, slots=True)
class PrefectAccess:
    """An API, and with what to ask it.

    Attributes:
        api_url: Its address.
        kind: What it takes, if it takes something.
        secret: What was typed; None: whatever is saved for it.
    """

    api_url: str
    kind: KeyKind = KeyKind.API_KEY
    secret: Secret | None = field(default=None, repr=False)

    @property
    def key(self) -> KeyName:
        """Under which name its key is kept."""
        return KeyName.prefect(self.api_url, self.kind)

    @property
    def is_cloud(self) -> bool:
        """Whether it is a workspace of Prefect Cloud (prefect-contract 1.1)."""
        return self.api_url.startswith(CLOUD_API_URL)

    @property
    def is_private(self) -> bool:
        """Whether its address means this machine or this network: no container gets there."""
        host = urlsplit(self.api_url).hostname or ""
        try:
            return not ipaddress.ip_address(host).is_global
        except ValueError:
            return host in _LOCAL_NAMES or host.endswith((".local", ".internal", ".localhost"))


@dataclass(frozen=True, slots=True)
class PrefectProof:
    """What came of trying an API.

    Attributes:
        words: The end of a sentence about it.
        kind: Of the key that it took, or None where none was sent.
    """

    words: str
    kind: KeyKind | None = None


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """A work pool, as far as choosing one needs it.

    Attributes:
        kind: Prefect's type: `process` for workers of ours.
        status: `READY`, `NOT_READY`, `PAUSED` or empty.
    """

    name: str
    kind: str
    status: str = ""
    is_paused: bool = False


def checked_api_url(text: str) -> str:
    """The API that a person means by an address.

    What the browser shows of a Prefect Cloud workspace is understood, and a server's address
    without `/api`.

    Raises:
        ConfigurationError: It is none, or holds a password.
    """
    if page := _CLOUD_PAGE.fullmatch(text.strip()):
        return f"{CLOUD_API_URL}/accounts/{page[1]}/workspaces/{page[2]}"
    url = checked_url(text if "://" in text or not text.strip() else f"http://{text.strip()}")
    return f"{url}/api" if urlsplit(url).path in ("", "/") else url


class PrefectDirectory(Protocol):
    """Prefect APIs, asked before one is chosen."""

    async def workspaces(self, access: PrefectAccess) -> Sequence[Workspace]:
        """The workspaces of Prefect Cloud that a key may use.

        Args:
            access: With the key; its address is not looked at.

        Raises:
            PrefectError: The key is refused, or there is no answer.
        """

    def active(self) -> ActiveProfile | None:
        """What Prefect's own tools use now, from the environment or the active profile.

        It reads files, so call it in a thread; never raises.
        """

    async def test(self, access: PrefectAccess) -> PrefectProof:
        """Whether it lets us in.

        Raises:
            PrefectError: It does not, or does not answer.
        """

    async def work_pools(self, access: PrefectAccess) -> Sequence[PoolChoice]:
        """Its work pools.

        Raises:
            PrefectError: It does not tell.
        """

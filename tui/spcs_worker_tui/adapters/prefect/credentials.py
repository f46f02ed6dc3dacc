"""How to sign in to a Prefect API: from the environment, Prefect's profiles, or a keyring.

A credential is used only for the API that it was saved for: a service's spec may name any
address, and what is sent there must not depend on who wrote the spec.

The environment comes first, then Prefect's own profiles, then the keyring: what the user told
Prefect's own tools wins, and the keyring fills in what is lacking.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.adapters.toml_text import read_toml
from spcs_worker_tui.domain.keys import KeyKind, KeyName, KeyNeed, Secret
from spcs_worker_tui.domain.prefect_places import ActiveProfile

if TYPE_CHECKING:
    from spcs_worker_tui.domain.key_ports import KeySource

_API_URL = "PREFECT_API_URL"
_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
_RESERVED_HEADERS = frozenset({"user-agent", "prefect-csrf-token", "prefect-csrf-client"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What to send along to one API. Its repr shows no secret.

    `problem` says in one sentence why something that was saved could not be used.
    """

    api_key: str = field(default="", repr=False)
    auth_string: str = field(default="", repr=False)
    custom_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str = ""
    verify_tls: bool = True
    source: str = ""
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to sign in with."""
        return not (self.api_key or self.auth_string or self.custom_headers)

    def with_key(self, kind: KeyKind, secret: Secret, source: str) -> Credentials:
        """These, with that key; what else is set for this API stays."""
        if kind is KeyKind.AUTH_STRING:
            return replace(self, auth_string=secret.reveal(), source=source)
        return replace(self, api_key=secret.reveal(), source=source)

    def headers(self) -> dict[str, str]:
        """The headers to send; the auth string wins over the key (prefect-contract 1.2)."""
        headers = {
            name: value
            for name, value in self.custom_headers.items()
            if name.lower() not in _RESERVED_HEADERS
        }
        if self.auth_string:
            token = base64.b64encode(self.auth_string.encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        elif self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return headers


class CredentialFinder:
    """Finds what is saved for an API.

    Args:
        environ: The environment.
        profiles: Prefect's `profiles.toml`; by default where Prefect keeps it
            (prefect-contract 1.7). It is read, never written.
        keys: Asked last, and only by `find_everywhere`.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        profiles: Path | None = None,
        keys: KeySource | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._profiles = profiles or _profiles_path(self._environ)
        self._keys = keys

    def find(self, api_url: str) -> Credentials:
        """What the environment and the profiles have for that API; never raises.

        It reads files, so call it in a thread.
        """
        environ = self._environ
        if _base(environ.get(_API_URL, "")) == _base(api_url):
            found = _from_settings(environ, "the environment")
            if not found.is_empty:
                return found
        problem = ""
        try:
            for name, settings in self._saved_profiles():
                if _base(settings.get(_API_URL, "")) == _base(api_url):
                    return _from_settings(settings, f"Prefect profile {name!r}")
        except (OSError, ValueError) as error:
            problem = f"{self._profiles} cannot be read: {_first_line(error)}"
        return Credentials(problem=problem)

    async def find_everywhere(self, api_url: str) -> Credentials:
        """What to sign in with at that API, empty when nothing is saved; never raises."""
        found = await asyncio.to_thread(self.find, api_url)
        if self._keys is None or found.api_key or found.auth_string:
            return found
        problem = found.problem
        for kind in (KeyKind.AUTH_STRING, KeyKind.API_KEY):
            answer = await self._keys.find(KeyName.prefect(api_url, kind))
            if answer.secret is not None:
                return found.with_key(kind, answer.secret, answer.source)
            if answer.problem:
                problem = f"Its {kind.words} is kept, but {answer.problem}"
        return replace(found, problem=problem)

    def known(self) -> tuple[KeyNeed, ...]:
        """The APIs that the environment and the profiles name, and what has a key for each."""
        urls = [self._environ.get(_API_URL, "")]
        try:
            urls += [settings.get(_API_URL, "") for _, settings in self._saved_profiles()]
        except (OSError, ValueError):
            # Whoever asks that API is told so; here the other places still count.
            urls = urls[:1]
        needs = []
        for url in dict.fromkeys(map(_base, filter(None, urls))):
            found = self.find(url)
            kind = KeyKind.AUTH_STRING if found.auth_string else KeyKind.API_KEY
            has_one = bool(found.auth_string or found.api_key)
            needs.append(KeyNeed(KeyName.prefect(url, kind), found.source if has_one else ""))
        return tuple(needs)

    def active(self) -> ActiveProfile | None:
        """The API that Prefect's own tools use now; never raises.

        It reads files, so call it in a thread.
        """
        settings: Mapping[str, str] = self._environ
        source = "the environment"
        if not _base(settings.get(_API_URL, "")):
            try:
                active, profiles = self._profiles_file()
            except (OSError, ValueError):
                return None
            settings, source = profiles.get(active, {}), f"Prefect profile {active!r}"
        url = _base(settings.get(_API_URL, ""))
        found = _from_settings(settings, source)
        kind = KeyKind.AUTH_STRING if found.auth_string else KeyKind.API_KEY
        has_one = bool(found.auth_string or found.api_key)
        return ActiveProfile(url, source, kind if has_one else None) if url else None

    def _saved_profiles(self) -> Iterator[tuple[str, dict[str, str]]]:
        """The saved profiles, the active one first.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no TOML.
        """
        active, profiles = self._profiles_file()
        for name in sorted(profiles, key=lambda name: name != active):
            yield name, profiles[name]

    def _profiles_file(self) -> tuple[str, dict[str, dict[str, str]]]:
        """Which profile is active, and all of them by name; raises as `_saved_profiles`."""
        try:
            saved = read_toml(self._profiles.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return "", {}
        profiles = saved.get("profiles")
        if not isinstance(profiles, dict):
            return "", {}
        texts = {
            name: {str(k): _setting_text(v) for k, v in settings.items()}
            for name, settings in profiles.items()
            if isinstance(settings, dict)
        }
        return str(self._environ.get("PREFECT_PROFILE") or saved.get("active") or ""), texts


def _profiles_path(environ: Mapping[str, str]) -> Path:
    if path := environ.get("PREFECT_PROFILES_PATH"):
        return Path(path).expanduser()
    home = environ.get("PREFECT_HOME") or "~/.prefect"
    return Path(home).expanduser() / "profiles.toml"


def _from_settings(settings: Mapping[str, str], source: str) -> Credentials:
    headers, problem = _custom_headers(settings.get("PREFECT_CLIENT_CUSTOM_HEADERS", ""))
    secrets = {}
    for name in ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"):
        secrets[name] = settings.get(name, "").strip()
        if not _fits_a_header(secrets[name]) and name == "PREFECT_API_KEY":
            problem, secrets[name] = f"{name} in {source} holds characters no key has", ""
    insecure = settings.get("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "").strip().lower() in _TRUE
    return Credentials(
        api_key=secrets["PREFECT_API_KEY"],
        auth_string=secrets["PREFECT_API_AUTH_STRING"],
        custom_headers=headers,
        ca_file=settings.get("PREFECT_API_SSL_CERT_FILE", "").strip(),
        verify_tls=not insecure,
        source=source,
        problem=problem,
    )


def _custom_headers(text: str) -> tuple[dict[str, str], str]:
    if not text.strip():
        return {}, ""
    try:
        headers: Any = json.loads(text)
    except (ValueError, RecursionError):
        headers = None
    if not isinstance(headers, dict):
        return {}, "PREFECT_CLIENT_CUSTOM_HEADERS is no JSON object"
    usable = {
        name: value
        for name, value in headers.items()
        if isinstance(value, str) and _fits_a_header(name) and _fits_a_header(value)
    }
    return usable, ""


def _setting_text(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, default=str)
    return str(value)


def _fits_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _base(url: object) -> str:
    """API URLs are compared without surrounding space and trailing slash."""
    return str(url).strip().rstrip("/")


def _first_line(error: Exception) -> str:
    # Never the file's text: tomllib's message holds a position only, OSError's a path.
    return str(error).splitlines()[0] if str(error) else type(error).__name__

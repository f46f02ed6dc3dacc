"""What the container's environment says, read once and judged as a whole.

Nothing heavy is imported here: a wrong environment is named within milliseconds, every mistake
at once, instead of one restart of the container per mistake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

WORKER_TYPE = "process"
CLOUD_API = "https://api.prefect.cloud/api"
LONGEST_DRAIN_SECONDS = 23.0
"""SPCS kills 30 s after SIGTERM (contract 4); the rest is for marking what did not finish."""

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})
_POOL_NAME = re.compile(r"[^/%&><]+")
_CLOUD_PATH = re.compile(r"/api/accounts/[0-9a-f-]{36}/workspaces/[0-9a-f-]{36}/?", re.IGNORECASE)
_HIGHEST_PORT = 65535
_EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - the readiness probe comes from outside


class SettingsError(Exception):
    """The environment cannot be used.

    Args:
        problems: One sentence each, with the variable's name and what to do; no values of
            secrets in any of them.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How this worker is to run; secrets are not in its `repr`."""

    api_url: str = field(repr=False)
    work_pool: str
    api_key: str | None = field(default=None, repr=False)
    api_auth_string: str | None = field(default=None, repr=False)
    work_queues: tuple[str, ...] = ()
    """Empty: every queue of the work pool."""
    limit: int | None = None
    """Flow runs at a time in this process."""
    create_pool: bool = False
    logging_level: str = "INFO"
    heartbeat_seconds: int = 30
    query_seconds: float = 10.0
    webserver_host: str = _EVERY_INTERFACE
    webserver_port: int = 8080
    drain_seconds: float = 22.0
    custom_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`PREFECT_CLIENT_CUSTOM_HEADERS`: for a proxy in front of Prefect (prefect-contract 1.2)."""

    @property
    def shown_api_url(self) -> str:
        """The API's address, fit for a log: without user, password, query and fragment."""
        return masked_url(self.api_url)

    @property
    def credentials_name(self) -> str | None:
        """Which variable the credentials come from; the auth string wins over the key."""
        if self.api_auth_string:
            return "PREFECT_API_AUTH_STRING"
        return "PREFECT_API_KEY" if self.api_key else None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> WorkerSettings:
        """Read all settings.

        Raises:
            SettingsError: Something is missing or malformed; it names every such variable.
        """
        reader = _Reader(environ)
        api_url = reader.api_url()
        create_pool = reader.flag("PREFECT_WORKER_CREATE_POOL")
        settings = cls(
            api_url=api_url,
            work_pool=reader.work_pool(create_pool=create_pool),
            api_key=reader.text("PREFECT_API_KEY"),
            api_auth_string=reader.auth_string(),
            work_queues=reader.names("PREFECT_WORK_QUEUES"),
            limit=reader.optional_int("PREFECT_WORKER_LIMIT"),
            create_pool=create_pool,
            logging_level=reader.level(),
            heartbeat_seconds=reader.whole("PREFECT_WORKER_HEARTBEAT_SECONDS", 30, 1, 3600),
            query_seconds=reader.number("PREFECT_WORKER_QUERY_SECONDS", 10.0, 0.1, 3600.0),
            webserver_host=reader.text("PREFECT_WORKER_WEBSERVER_HOST") or _EVERY_INTERFACE,
            webserver_port=reader.whole("PREFECT_WORKER_WEBSERVER_PORT", 8080, 1, _HIGHEST_PORT),
            drain_seconds=reader.number(
                "PREFECT_WORKER_DRAIN_SECONDS", 22.0, 0.0, LONGEST_DRAIN_SECONDS
            ),
            custom_headers=reader.headers(),
        )
        reader.check_credentials(settings)
        if reader.problems:
            raise SettingsError(tuple(reader.problems))
        return settings


def masked_url(url: str) -> str:
    """A URL without what may be secret in it: user, password, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"***@{host}" if "@" in parts.netloc else host
    return urlunsplit(SplitResult(parts.scheme, netloc, parts.path, "", ""))


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        """The value without blanks around it; None when unset or empty."""
        return self._environ.get(name, "").strip() or None

    def api_url(self) -> str:
        value = self.text("PREFECT_API_URL")
        if value is None:
            self.problems.append(
                "PREFECT_API_URL is missing: set it to the API of your Prefect server, as in "
                "https://prefect.example.com/api, or of your Prefect Cloud workspace, as in "
                f"{CLOUD_API}/accounts/<account id>/workspaces/<workspace id>."
            )
            return ""
        try:
            parts = urlsplit(value)
            port = parts.port  # raises ValueError when it is no number
        except ValueError:
            parts, port = SplitResult("", "", "", "", ""), None
        if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
            self.problems.append(
                "PREFECT_API_URL is not an http:// or https:// address: set it to something "
                "like https://prefect.example.com/api."
            )
            return ""
        if value.startswith(CLOUD_API) and not _CLOUD_PATH.fullmatch(parts.path):
            self.problems.append(
                "PREFECT_API_URL names Prefect Cloud but no workspace: set it to "
                f"{CLOUD_API}/accounts/<account id>/workspaces/<workspace id> "
                "(`prefect cloud workspace ls`, then `prefect config view`)."
            )
        return value.rstrip("/")

    def work_pool(self, *, create_pool: bool) -> str:
        name = "PREFECT_WORK_POOL"
        value = self.text(name)
        if value is None:
            name = "PREFECT_WORKER_POOL_NAME"
            value = self.text(name)
        if value is None:
            self.problems.append(
                "PREFECT_WORK_POOL is missing: set it to the name of the work pool that this "
                "worker takes flow runs from (PREFECT_WORKER_POOL_NAME is read as well)."
            )
            return ""
        if not _POOL_NAME.fullmatch(value):
            self.problems.append(
                f"{name} holds one of / % & < >, which no work pool has in its name: correct it."
            )
        elif create_pool and value.lower().startswith("prefect"):
            self.problems.append(
                f"{name} starts with 'prefect': such names are reserved, so the work pool cannot "
                "be created; choose another name or unset PREFECT_WORKER_CREATE_POOL."
            )
        return value

    def auth_string(self) -> str | None:
        value = self.text("PREFECT_API_AUTH_STRING")
        if value is not None and ":" not in value:
            self.problems.append(
                "PREFECT_API_AUTH_STRING has no colon: set it to user:password as on the server."
            )
        return value

    def names(self, name: str) -> tuple[str, ...]:
        value = self.text(name)
        if value is None:
            return ()
        parts = tuple(dict.fromkeys(part.strip() for part in value.split(",")))
        if "" in parts:
            self.problems.append(
                f"{name} has an empty name between its commas: write it as high,default or "
                "unset it to take from every work queue."
            )
        return parts

    def flag(self, name: str) -> bool:
        value = (self.text(name) or "").lower()
        if value not in _TRUE | _FALSE:
            self.problems.append(f"{name} is neither true nor false: set it to one of the two.")
        return value in _TRUE

    def level(self) -> str:
        value = (self.text("PREFECT_LOGGING_LEVEL") or "INFO").upper()
        if value not in _LEVELS:
            self.problems.append(
                f"PREFECT_LOGGING_LEVEL is no log level: set it to one of {', '.join(_LEVELS)}."
            )
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        value = self.text(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            self.problems.append(f"{name} is no number from {low:g} to {high:g}: correct it.")
            return default
        return number

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            self.problems.append(f"{name} is no whole number from {low} to {high}: correct it.")
            return default
        return int(value)

    def optional_int(self, name: str) -> int | None:
        return None if self.text(name) is None else self.whole(name, 1, 1, 10_000)

    def headers(self) -> dict[str, str]:
        value = self.text("PREFECT_CLIENT_CUSTOM_HEADERS")
        if value is None:
            return {}
        try:
            headers = json.loads(value)
        except ValueError:
            headers = None
        if isinstance(headers, dict) and all(isinstance(text, str) for text in headers.values()):
            return headers
        self.problems.append(
            "PREFECT_CLIENT_CUSTOM_HEADERS is no JSON object of texts: set it to something like "
            '{"X-Proxy-Token": "…"} or unset it.'
        )
        return {}

    def check_credentials(self, settings: WorkerSettings) -> None:
        if settings.api_url.startswith(CLOUD_API):
            if settings.api_auth_string is not None:
                self.problems.append(
                    "PREFECT_API_AUTH_STRING is for self-hosted servers and wins over the key: "
                    "unset it, since PREFECT_API_URL names Prefect Cloud."
                )
            if settings.api_key is None:
                self.problems.append(
                    "PREFECT_API_KEY is missing: Prefect Cloud takes no worker without one; give "
                    "the service a secret with an API key (Prefect Cloud: Settings > API keys)."
                )
        for name in ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"):
            value = self.text(name) or ""
            if not (value.isascii() and value.isprintable()):
                self.problems.append(
                    f"{name} holds characters that no HTTP header can carry: copy it again."
                )

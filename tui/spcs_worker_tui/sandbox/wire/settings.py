"""What of the server can be set."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """How the sandbox's server behaves; times are in seconds of the sandbox's clock.

    Attributes:
        host: Where to listen. Anything but a loopback address needs `allow_remote`.
        port: 0 takes a free one.
        session_token_seconds: Life of a session token (contract 6.3: 3600).
        master_token_seconds: Life of a master token (contract 6.3: 14400).
        hold_seconds: How long a statement may run before its request is answered with 333333, and
            how long a poll for the result is then held (contract 6.7: at most 45). Real time,
            whatever the sandbox's clock: it is the client's patience that it respects.
        upload_seconds: How long an upload address stays good.
        body_limit: Largest request body, bytes, after unpacking.
        upload_limit: Largest staged file, bytes.
        results_kept: Finished statements per session whose results can still be fetched.
        journal_limit: Statements that the journal remembers.
        control_token: What the control endpoints under `/sandbox` ask for.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allow_remote: bool = False
    session_token_seconds: float = 3600
    master_token_seconds: float = 14400
    hold_seconds: float = 45
    upload_seconds: float = 3600
    body_limit: int = 16 * 1024 * 1024
    upload_limit: int = 256 * 1024 * 1024
    results_kept: int = 100
    journal_limit: int = 100_000
    control_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

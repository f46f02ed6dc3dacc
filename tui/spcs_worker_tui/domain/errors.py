"""Everything outside that can say no, as one tree.

    FleetError
    ├── ConfigurationError        a file or a flag of ours is wrong
    │   ├── UnknownConnectionError
    │   └── NothingSavedError     there is no saved connection at all
    ├── KeyringError              the keyring cannot be used, or did not do what was asked
    ├── NotificationError         a notice was not taken where it was sent
    ├── PlanRefusedError          the state of things forbids the change, or changed meanwhile
    ├── EngineError               the Docker engine did not do what was asked
    │   ├── EngineUnreachableError  there is none, it is not ours to use, or it went away
    │   ├── BuildFailedError      it could not build what it was given
    │   └── RegistryError         the image registry refused, or cannot be reached from there
    ├── SnowflakeError            one saved connection
    │   ├── SignInNeededError     needs a person: a browser, a passcode
    │   │   └── KeyMissingError   needs a password, a token or a passphrase that is nowhere kept
    │   ├── SignInRefusedError    the account said no to the credentials
    │   │   └── RoleRefusedError  not to them, but to the role that the connection names
    │   ├── SnowflakeUnreachableError
    │   ├── SessionEndedError     390104, 390111, 390114: open a new connection
    │   └── StatementRefusedError the account understood and said no
    │       ├── NotVisibleError   002003: missing, or not visible to the role
    │       └── PrivilegeError    003001
    └── PrefectError              one Prefect API
        ├── PrefectUnreachableError
        ├── PrefectUnauthorizedError
        ├── PrefectBusyError      429 or 503: asks to be left alone for a while
        ├── PrefectNotFoundError
        └── PrefectGarbledError   not JSON where JSON was expected, often a sign-in page

`str(error)` is one sentence that a user reads; `next_step` is what to do about it.
Neither ever holds a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import KeyName


class FleetError(Exception):
    """A failure that a user can do something about.

    Args:
        message: One sentence, without a full stop at the end being required.
        next_step: What the user can do, one sentence or empty.
    """

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class ConfigurationError(FleetError):
    """A settings file, a connections file or a flag cannot be used as it is.

    Args:
        message: One sentence; of several problems the first.
        next_step: What the user can do.
        others: The other problems of the same file, one sentence each.
    """

    def __init__(self, message: str, *, next_step: str = "", others: Sequence[str] = ()) -> None:
        super().__init__(message, next_step=next_step)
        self.others = tuple(others)


class UnknownConnectionError(ConfigurationError):
    """A connection was named that no file defines."""


class NothingSavedError(ConfigurationError):
    """No file defines any connection: the first start, mostly."""


class KeyringError(FleetError):
    """The operating system's keyring cannot be used, or did not do what was asked."""


class NotificationError(FleetError):
    """A notice was not taken where it was sent, or that it was cannot be remembered."""


class PlanRefusedError(FleetError):
    """A change cannot be planned, or its plan no longer fits what is there: plan again."""


class EngineError(FleetError):
    """The Docker engine did not do what was asked."""


class EngineUnreachableError(EngineError):
    """There is no Docker engine, it is not ours to use, or it went away."""


class BuildFailedError(EngineError):
    """The engine could not build what it was given."""


class RegistryError(EngineError):
    """The image registry refused, or the engine cannot reach it."""


class SnowflakeError(FleetError):
    """One saved connection did not do what was asked."""


class SignInNeededError(SnowflakeError):
    """The authenticator needs a person, and nobody asked for the sign-in yet."""


class KeyMissingError(SignInNeededError):
    """A password, a token or a passphrase is needed that is nowhere kept.

    Args:
        message: One sentence.
        key: Which one: whoever holds it can keep it, or hand it over for this once.
        next_step: What the user can do.
    """

    def __init__(self, message: str, *, key: KeyName, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.key = key


class SignInRefusedError(SnowflakeError):
    """The account refused the credentials (390100 and its relatives)."""


class RoleRefusedError(SignInRefusedError):
    """The account took the credentials, and not what else the connection names (390189, 390201).

    Asking again cannot lock the user out.
    """


class SnowflakeUnreachableError(SnowflakeError):
    """No answer within the time limit, or no connection at all."""


class SessionEndedError(SnowflakeError):
    """The session is gone for good: only a new connection helps (contract 6.6)."""


class StatementRefusedError(SnowflakeError):
    """The account refused a statement.

    Args:
        message: What the server said, cleaned.
        errno: Snowflake's number, for example 2003.
        sqlstate: Five characters, or empty.
        query_id: The id under which the account knows the statement, or empty.
        next_step: What the user can do.
    """

    def __init__(
        self,
        message: str,
        *,
        errno: int,
        sqlstate: str = "",
        query_id: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.errno = errno
        self.sqlstate = sqlstate
        self.query_id = query_id


class NotVisibleError(StatementRefusedError):
    """002003: the object does not exist, or this role may not see it; the two look alike."""


class PrivilegeError(StatementRefusedError):
    """003001: the object is visible, the privilege is missing."""


class PrefectError(FleetError):
    """One Prefect API did not do what was asked."""


class PrefectUnreachableError(PrefectError):
    """No answer within the time limit, or no connection at all."""


class PrefectUnauthorizedError(PrefectError):
    """401 or 403: no credentials, or wrong ones."""


class PrefectBusyError(PrefectError):
    """429 or 503.

    Args:
        message: One sentence.
        retry_after: Seconds during which this API should not be asked again.
        next_step: What the user can do.
    """

    def __init__(self, message: str, *, retry_after: float, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.retry_after = retry_after


class PrefectNotFoundError(PrefectError):
    """404: for example a work pool that nobody created."""


class PrefectGarbledError(PrefectError):
    """The answer was no JSON of the expected shape."""

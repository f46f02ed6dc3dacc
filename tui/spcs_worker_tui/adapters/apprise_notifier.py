"""Apprise, which knows the chats, mailboxes and pagers; imported when there is something to tell.

It is an extra of this package, `notify`. Its words may hold the address, so none of them is shown.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.domain.errors import ConfigurationError, NotificationError
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.verdict import Health

if TYPE_CHECKING:
    from apprise import Apprise, AppriseAsset

    from spcs_worker_tui.domain.notice import Address, Notice

SECONDS = 20.0
"""For one address; Apprise itself gives up on most of them after 4 s without an answer."""

_KINDS = {
    Health.HEALTHY: "success",
    Health.SUSPENDED: "success",
    Health.DEGRADED: "warning",
    Health.UNKNOWN: "warning",
    Health.BROKEN: "failure",
}


class AppriseNotifier:
    """Implements the port `Notifier`.

    Args:
        seconds: How long one address may take.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds

    def check(self, address: Address) -> None:
        """Whether Apprise knows such an address; see the port."""
        _service(address)

    def shows_a_secret(self, address: Address) -> bool:
        """Whether Apprise would mask something of it, or it looks like that; see the port."""
        service = _service(address)
        if service.url(privacy=True) != service.url(privacy=False):
            return True
        url = address.url.reveal()
        pairs = (pair.partition("=") for pair in url.partition("?")[2].split("&"))
        return looks_like_a_key("", url) or any(looks_like_a_key(n, v) for n, _, v in pairs)

    def send(self, notice: Notice, address: Address) -> None:
        """Send it, in a thread that nobody waits for when the time is over; see the port."""
        apprise, _ = _library()
        service = _service(address)
        outcome: list[bool] = []

        def work() -> None:
            sender = apprise(asset=service.asset)
            sender.add(service)
            outcome.append(
                sender.notify(
                    body=notice.body,
                    title=notice.title,
                    notify_type=_KINDS[notice.health],
                    body_format="text",
                )
                is True
            )

        thread = threading.Thread(target=work, name="notify", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if outcome == [True]:
            return
        said = "did not take it" if outcome else f"did not answer in {self._seconds:.0f} s"
        raise NotificationError(
            f"the notice was not sent: {address.label} {said}",
            next_step="Check the address, its token, and the network of this machine.",
        )


def _service(address: Address) -> Any:
    """The address as Apprise understands it; its own types are incomplete.

    Raises:
        ConfigurationError: It does not, or it is not installed.
    """
    apprise, asset = _library()
    service = apprise.instantiate(address.url.reveal(), asset=asset)
    if service is None:
        raise ConfigurationError(
            f"the notification address {address.label} is none that Apprise knows",
            next_step="Its forms are listed at https://github.com/caronc/apprise/wiki.",
        )
    return service


def _library() -> tuple[type[Apprise], AppriseAsset]:
    """Apprise, told to write nothing down and to keep quiet.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        from apprise import Apprise, AppriseAsset, PersistentStoreMode  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "--notify needs Apprise, which is not installed",
            next_step="Install it: pip install 'spcs-worker-tui[notify]'.",
        ) from None
    for name in ("apprise", "urllib3", "requests"):
        # Without a handler, Python itself writes warnings to standard error.
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    return Apprise, AppriseAsset(
        storage_mode=PersistentStoreMode.MEMORY, secure_logging=True, async_mode=False
    )

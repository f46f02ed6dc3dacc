"""What an account's image registry says an image is for (contract 5; OCI distribution API)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.adapters.lean_httpx import httpx
from spcs_worker_tui.domain.building import SESSION_USER
from spcs_worker_tui.domain.errors import FleetError, RegistryError
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import Secret

_SECONDS = 10.0
_LARGEST = 4 * 1024 * 1024
"""More than registries allow a manifest to have."""
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_UNKNOWN = "unknown"
"""What an index calls the platform of attestations, which are no images."""


class RegistryReader:
    """Implements the port `ImageInspector`.

    Args:
        password: Of `SESSION_USER`, when it is needed.
    """

    def __init__(self, password: Callable[[], Awaitable[Secret]]) -> None:
        self._password = password

    async def platforms(self, url: str, image: str, reference: str) -> tuple[str, ...]:
        """`os/architecture` of everything that the image can run as; see the port."""
        host, _, path = url.partition("/")
        base = f"{_scheme(host)}://{host}"
        place = f"{base}/v2/{path}/{image}"
        password = await self._password()
        try:
            # A blob may be answered with a redirect to a store, which gets no credentials of ours.
            async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=True) as client:
                token = await self._token(client, base, password)
                headers = {"Authorization": f"Bearer {token}"}
                accept = {"Accept": ", ".join((*_INDEXES, *_MANIFESTS))}
                manifest = await _json(client, f"{place}/manifests/{reference}", headers | accept)
                if isinstance(manifest.get("manifests"), list):
                    return _of_index(manifest["manifests"])
                digest = _mapping(manifest.get("config")).get("digest")
                config = await _json(client, f"{place}/blobs/{digest}", headers)
        except httpx.HTTPError as error:
            raise RegistryError(
                f"the image registry {host} does not answer: {one_line(str(error), 200)}",
                next_step="Check the network, then look again.",
            ) from error
        return _platform(config)

    async def _token(self, client: httpx.AsyncClient, base: str, password: Secret) -> str:
        auth = httpx.BasicAuth(SESSION_USER, password.reveal())
        answer = await _json(client, f"{base}/login", {}, auth)
        return str(answer.get("token", ""))


def _scheme(host: str) -> str:
    """Plain HTTP on this machine only, as `docker` does it."""
    name = host.rpartition(":")[0] or host
    try:
        is_here = ip_address(name).is_loopback
    except ValueError:
        is_here = name == "localhost"
    return "http" if is_here else "https"


async def _json(
    client: httpx.AsyncClient,
    url: str,
    headers: Mapping[str, str],
    auth: httpx.BasicAuth | None = None,
) -> Mapping[str, Any]:
    """The object behind an address.

    Raises:
        RegistryError: It is refused, or is none.
        httpx.HTTPError: No answer.
    """
    content = bytearray()
    async with client.stream("GET", url, headers=headers, auth=auth) as response:
        if response.status_code != HTTPStatus.OK:
            raise _refused(response)
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > _LARGEST:
                raise RegistryError(f"the image registry {response.url.host} answers too much")
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise RegistryError(f"the image registry {response.url.host} answers something unreadable")
    return answer


def _refused(response: httpx.Response) -> FleetError:
    host = response.url.host
    if response.status_code == HTTPStatus.NOT_FOUND:
        return RegistryError(
            f"the image registry {host} does not have what the account lists",
            next_step="Push the image again.",
        )
    return RegistryError(
        f"the image registry {host} refuses to tell: {response.status_code} "
        f"{one_line(response.reason_phrase, 60)}",
        next_step="READ on the image repository is needed.",
    )


def _of_index(found: list[Any]) -> tuple[str, ...]:
    platforms = (_platform(_mapping(_mapping(one).get("platform"))) for one in found)
    return tuple(dict.fromkeys(name for names in platforms for name in names))


def _platform(value: Mapping[str, Any]) -> tuple[str, ...]:
    system, architecture = (one_line(str(value.get(k) or "")) for k in ("os", "architecture"))
    if not system or not architecture or _UNKNOWN in (system, architecture):
        return ()
    return (f"{system}/{architecture}",)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

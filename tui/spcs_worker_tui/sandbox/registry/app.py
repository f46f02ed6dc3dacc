"""The endpoints of the OCI distribution API, as far as push and pull need them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from spcs_worker_tui.sandbox.registry.errors import RegistryError, refusal, upload_unknown
from spcs_worker_tui.sandbox.registry.manifests import MANIFEST_LIMIT, Manifest, parse_manifest
from spcs_worker_tui.sandbox.registry.shelves import Shelves
from spcs_worker_tui.sandbox.registry.storage import BlobStore, Upload, is_digest
from spcs_worker_tui.sandbox.wire.envelope import read_bytes

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.registry.access import Access, Caller, Place
    from spcs_worker_tui.sandbox.wire.tenants import Tenant

_API = {"Docker-Distribution-API-Version": "registry/2.0"}
_PULL = ("READ", "WRITE")
_PUSH = ("WRITE",)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_MOST_TAGS = 10_000


def build_registry(
    tenant_at: Callable[[int], Tenant], store: BlobStore, access: Access, clock: Clock
) -> Starlette:
    """The application for all accounts; the port that a request came in by says which.

    Args:
        tenant_at: The account whose registry listens on a port.
        store: Where the blobs are.
        access: Who may what.
        clock: When an image was created.
    """
    api = _Registry(tenant_at, store, access, clock)
    upload = "/v2/{name:path}/blobs/uploads/{upload}"
    return Starlette(
        routes=[
            Route("/login", api.login, methods=["GET"]),
            Route("/v2/", api.base, methods=["GET"]),
            Route("/v2/{name:path}/tags/list", api.tags, methods=["GET"]),
            Route("/v2/{name:path}/manifests/{reference}", api.manifest, methods=["GET"]),
            Route("/v2/{name:path}/manifests/{reference}", api.put_manifest, methods=["PUT"]),
            Route("/v2/{name:path}/blobs/uploads/", api.begin, methods=["POST"]),
            Route(upload, api.progress, methods=["GET"]),
            Route(upload, api.append, methods=["PATCH"]),
            Route(upload, api.finish, methods=["PUT"]),
            Route(upload, api.abandon, methods=["DELETE"]),
            Route("/v2/{name:path}/blobs/{digest}", api.blob, methods=["GET"]),
        ],
        exception_handlers={RegistryError: _refused, HTTPException: _not_offered},
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RegistryError)
    if error.status == 401:  # noqa: PLR2004
        host = request.headers.get("host", "")
        error.headers["WWW-Authenticate"] = f'Bearer realm="http://{host}/login",service="{host}"'
    return refusal(error.status, error.code, error.message, {**_API, **error.headers})


async def _not_offered(_request: Request, error: Exception) -> Response:
    """No such endpoint; images and blobs, too, cannot be deleted singly (contract 5)."""
    assert isinstance(error, HTTPException)
    return refusal(
        error.status_code, "UNSUPPORTED", "the registry does not offer this operation", _API
    )


@dataclass(slots=True)
class _Pending:
    """An upload, and the repository that it is for."""

    place: Place
    upload: Upload


class _Registry:
    """One method for each endpoint."""

    def __init__(
        self, tenant_at: Callable[[int], Tenant], store: BlobStore, access: Access, clock: Clock
    ) -> None:
        self._tenant_at = tenant_at
        self._store = store
        self._access = access
        self._clock = clock
        self._shelves = Shelves(store)
        self._uploads: dict[str, _Pending] = {}

    async def login(self, request: Request) -> Response:
        """Basic credentials for a bearer token (contract 5)."""
        _, caller = self._who(request)
        return JSONResponse({"token": self._access.issue(caller)})

    async def base(self, request: Request) -> Response:
        self._who(request)
        return JSONResponse({}, headers=_API)

    async def tags(self, request: Request) -> Response:
        tags = self._shelves.tags(self._place(request, _PULL))
        query = request.query_params
        most = query.get("n", "")
        count = min(int(most), _MOST_TAGS) if most.isascii() and most.isdigit() else _MOST_TAGS
        rest = [tag for tag in tags if tag > query.get("last", "")]
        name, page = request.path_params["name"], rest[:count]
        more = {}
        if page and len(rest) > count:
            more["Link"] = f'</v2/{name}/tags/list?n={count}&last={page[-1]}>; rel="next"'
        return JSONResponse({"name": name, "tags": page}, headers={**_API, **more})

    async def manifest(self, request: Request) -> Response:
        place = self._place(request, _PULL)
        manifest = self._shelves.find(place, request.path_params["reference"])
        headers = {
            **_API,
            "Docker-Content-Digest": manifest.digest,
            "Content-Length": str(len(manifest.content)),
        }
        body = b"" if request.method == "HEAD" else manifest.content
        return Response(body, headers=headers, media_type=manifest.media_type)

    async def put_manifest(self, request: Request) -> Response:
        place, reference = self._place(request, _PUSH), request.path_params["reference"]
        if not (is_digest(reference) or _TAG.fullmatch(reference)):
            raise RegistryError(400, "TAG_INVALID", f"'{reference}' is no tag")
        content = await read_bytes(request, MANIFEST_LIMIT)
        manifest: Manifest = parse_manifest(content, request.headers.get("content-type", ""))
        self._shelves.add(place, reference, manifest, self._clock.now())
        location = f"/v2/{request.path_params['name']}/manifests/{manifest.digest}"
        return _created(location, manifest.digest)

    async def blob(self, request: Request) -> Response:
        place, digest = self._place(request, _PULL), request.path_params["digest"]
        if not self._shelves.has_blob(place, digest):
            raise RegistryError(404, "BLOB_UNKNOWN", f"there is no blob {digest}")
        return FileResponse(
            self._store.path(digest),
            media_type="application/octet-stream",
            headers={**_API, "Docker-Content-Digest": digest},
        )

    async def begin(self, request: Request) -> Response:
        """Start an upload; `mount` spares it, and with `digest` it is over at once."""
        place, query = self._place(request, _PUSH), request.query_params
        if "mount" in query and self._mount(request, place, query):
            return _created(self._blob_path(request, query["mount"]), query["mount"])
        pending = _Pending(place, self._store.begin())
        self._uploads[pending.upload.identifier] = pending
        if "digest" in query:
            await _receive(request, pending.upload)
            return self._keep(request, pending, query["digest"])
        return self._state(request, pending, 202)

    async def progress(self, request: Request) -> Response:
        return self._state(request, self._pending(request), 204)

    async def append(self, request: Request) -> Response:
        pending = self._pending(request)
        begins = re.match(r"(\d+)-\d+$", request.headers.get("content-range", ""))
        if begins and int(begins[1]) != pending.upload.size:
            raise RegistryError(
                416,
                "BLOB_UPLOAD_INVALID",
                f"the next chunk begins at {pending.upload.size}",
                self._headers(request, pending),
            )
        await _receive(request, pending.upload)
        return self._state(request, pending, 202)

    async def finish(self, request: Request) -> Response:
        pending = self._pending(request)
        await _receive(request, pending.upload)
        return self._keep(request, pending, request.query_params.get("digest", ""))

    async def abandon(self, request: Request) -> Response:
        pending = self._pending(request)
        del self._uploads[pending.upload.identifier]
        pending.upload.abandon()
        return Response(status_code=204, headers=_API)

    def _who(self, request: Request) -> tuple[Tenant, Caller]:
        tenant = self._tenant_at(request.scope["server"][1])
        return tenant, self._access.caller(tenant, request.headers.get("authorization", ""))

    def _place(self, request: Request, any_of: tuple[str, ...]) -> Place:
        tenant, caller = self._who(request)
        return self._access.place(tenant, caller, request.path_params["name"], any_of)

    def _pending(self, request: Request) -> _Pending:
        place = self._place(request, _PUSH)
        pending = self._uploads.get(request.path_params["upload"])
        if pending is None or pending.place.repository is not place.repository:
            raise upload_unknown()
        return pending

    def _mount(self, request: Request, place: Place, query: Mapping[str, str]) -> bool:
        """Whether the blob was found in the repository that the client names, or in this one."""
        tenant, caller = self._who(request)
        source = place
        if "from" in query:
            try:
                source = self._access.place(tenant, caller, query["from"], _PULL)
            except RegistryError:
                return False
        if not self._shelves.has_blob(source, query["mount"]):
            return False
        self._shelves.add_blob(place, query["mount"])
        return True

    def _keep(self, request: Request, pending: _Pending, digest: str) -> Response:
        del self._uploads[pending.upload.identifier]
        if not is_digest(digest):
            pending.upload.abandon()
            raise RegistryError(400, "DIGEST_INVALID", f"'{digest}' is no SHA-256 digest")
        self._store.finish(pending.upload, digest)
        self._shelves.add_blob(pending.place, digest)
        return _created(self._blob_path(request, digest), digest)

    def _state(self, request: Request, pending: _Pending, status: int) -> Response:
        return Response(status_code=status, headers=self._headers(request, pending))

    @staticmethod
    def _headers(request: Request, pending: _Pending) -> dict[str, str]:
        identifier, size = pending.upload.identifier, pending.upload.size
        return {
            **_API,
            "Location": f"/v2/{request.path_params['name']}/blobs/uploads/{identifier}",
            "Range": f"0-{max(0, size - 1)}",
            "Docker-Upload-UUID": identifier,
        }

    @staticmethod
    def _blob_path(request: Request, digest: str) -> str:
        return f"/v2/{request.path_params['name']}/blobs/{digest}"


async def _receive(request: Request, upload: Upload) -> None:
    """Take the body; what arrived before a client went away stays, so that it can go on."""
    try:
        async for chunk in request.stream():
            upload.append(chunk)
    except ClientDisconnect:
        raise RegistryError(400, "BLOB_UPLOAD_INVALID", "the upload was cut off") from None


def _created(location: str, digest: str) -> Response:
    headers = {**_API, "Location": location, "Docker-Content-Digest": digest}
    return Response(status_code=201, headers=headers)

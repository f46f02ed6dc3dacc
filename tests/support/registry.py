"""Registries of accounts in this process, and images to push to them by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import httpx

from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.clock import WallClock
from spcs_worker_tui.sandbox.registry.server import RegistryServer
from spcs_worker_tui.sandbox.wire.sessions import Session
from support.catalogue import Lab, new_lab
from support.sandbox import RunningSandbox, running_sandbox, second_lab

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
SESSION_USER = "0sessiontoken"


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass
class TestImage:
    """An image of one layer, as bytes."""

    __test__ = False

    layer: bytes = b"a layer"
    os: str = "linux"
    architecture: str = "amd64"
    media_type: str = DOCKER_MANIFEST
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> bytes:
        return json.dumps({"os": self.os, "architecture": self.architecture}).encode()

    @property
    def manifest(self) -> bytes:
        def descriptor(content: bytes) -> dict[str, Any]:
            return {"digest": digest_of(content), "size": len(content)}

        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": self.media_type,
                "config": descriptor(self.config),
                "layers": [descriptor(self.layer)],
                **self.more,
            }
        ).encode()

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


@dataclass
class Hub:
    """Two accounts with a registry each."""

    sandbox: RunningSandbox
    registry: RegistryServer

    @property
    def lab(self) -> Lab:
        return self.sandbox.lab

    def url(self, index: int = 0) -> str:
        return f"http://{self.sandbox.labs[index].account.registry_host}"

    def session(self, index: int = 0, role: str | None = None) -> tuple[Session, str]:
        """A session of the wire, and its token."""
        wire, lab = self.sandbox.server.wire, self.sandbox.labs[index]
        number = wire.sessions.next_id()
        context: SessionContext = replace(
            lab.session, session_id=number, role=role or lab.session.role
        )
        session, token, _ = wire.sessions.open(wire.tenants[index], context)
        return session, token

    def client(
        self,
        index: int = 0,
        *,
        role: str | None = None,
        token: str | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Pusher:
        """Somebody with a session in that account, or with other credentials."""
        if auth is None:
            token = self.session(index, role)[1] if token is None else token
            auth = (SESSION_USER, json.dumps({"token": token, "expires_in": 3600}))
        return Pusher(httpx.AsyncClient(base_url=self.url(index), auth=auth))


@dataclass
class Pusher:
    """Pushes as clients do: blobs, then manifests."""

    http: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def blob(self, content: bytes, name: str = "d/s/repo/app") -> httpx.Response:
        path = f"/v2/{name}/blobs/uploads/"
        return await self.http.post(path, params={"digest": digest_of(content)}, content=content)

    async def manifest(
        self,
        content: bytes,
        reference: str,
        name: str = "d/s/repo/app",
        media_type: str = DOCKER_MANIFEST,
    ) -> httpx.Response:
        return await self.http.put(
            f"/v2/{name}/manifests/{reference}",
            content=content,
            headers={"Content-Type": media_type},
        )

    async def push(
        self, image: TestImage, reference: str, name: str = "d/s/repo/app"
    ) -> httpx.Response:
        """The whole image; the answer to the last request."""
        for content in (image.layer, image.config):
            answer = await self.blob(content, name)
            assert answer.status_code == 201, answer.text
        return await self.manifest(image.manifest, reference, name, image.media_type)


@asynccontextmanager
async def running_hub(root: Path) -> AsyncIterator[Hub]:
    """Serve two accounts of one organization, with everything under `root`."""
    labs = [new_lab(), second_lab()]
    registry = RegistryServer(root / "registry", "127.0.0.1")
    for lab in labs:
        registry.open_for(lab.account)
    async with running_sandbox(*labs) as sandbox:
        wire = sandbox.server.wire
        await registry.start(list(wire.tenants), wire.sessions, WallClock())
        try:
            yield Hub(sandbox, registry)
        finally:
            await registry.stop()

"""One operator, one service and all that is real behind them; what they say is remembered."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from support.engine import DockerEngine
from support.leaks import ProcessWatch, Secrets, distinctive, watched_processes
from support.prefect_lab import Lab, lab
from support.program import Answer, Program, ended
from support.saved_connections import save
from support.secret_service import SecretService, secret_service
from support.site import PLACE, Site, eventually, running_site
from support.worker_project import AUTH_SECRET, SERVICE, WORK_POOL, make_worker_project

NAME = f"{PLACE}.{SERVICE}"
INSTANCES = 2
BUSY = "the keyring did not answer in"
_ATTEMPTS = 10
_SECONDS = 400
_HEALTHY_SECONDS = 120
_PROGRAM = "spcs_worker_tui.cli.main"


@dataclass
class Story:
    """What the chapters work with.

    Args:
        root: Every file of the operator's is below it: home, project, temporary files, keyring.
        values: The secrets by what they are.
        said: What every command, statement and screen said, by where it came from.
    """

    root: Path
    site: Site
    engine: DockerEngine
    prefect: Lab
    keyring: SecretService
    values: dict[str, str]
    watch: ProcessWatch
    images: set[str] = field(default_factory=set)
    said: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def program(self) -> Program:
        return Program(self.root / "home")

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def variables(self) -> dict[str, str]:
        """Of the operator's shell."""
        return {
            **self.keyring.environment,
            "DOCKER_HOST": self.engine.host,
            "TMPDIR": str(self.root / "temp"),
            "SPCS_WORKER_TUI_STATE_DIR": str(self.root / "state"),
            "SPCS_WORKER_TUI_CACHE_DIR": str(self.root / "cache"),
        }

    async def run(self, *words: str, given: str | None = None, status: int = 0) -> Answer:
        """The program, to its end, which has to be that one."""
        answer = await self.answer(*words, given=given)
        assert answer.status == status, f"{words}:\n{answer.out}\n{answer.err}"
        return answer

    async def answer(self, *words: str, given: str | None = None) -> Answer:
        """What the program left, however it ended."""
        read = asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE
        for _ in range(_ATTEMPTS):
            process = await self.program.start(*words, stdin=read, **self.variables)
            async with ended(process), asyncio.timeout(_SECONDS):
                out, err = await process.communicate(given.encode() if given else None)
            self.said.append((" ".join(words), out + err))
            # Three seconds, which a machine that runs other tests beside does not always have.
            if BUSY.encode() not in out + err:
                break
        assert process.returncode is not None
        return Answer(process.returncode, out.decode(), err.decode())

    async def in_project(self, verb: str, *more: str) -> Answer:
        """A command on the project, without questions."""
        where = ("--project", str(self.project / "spcs-worker.toml"))
        return await self.run(verb, *where, *more, "--yes")

    async def checked(self) -> dict[str, Any]:
        """What `--check --json` says of the service, once it is healthy."""
        wait = ("--wait", "--timeout", str(_HEALTHY_SECONDS))
        answer = await self.run("--check", "--json", "--sync", "--service", SERVICE, *wait)
        (found,) = json.loads(answer.out)["services"]
        return dict(found)

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        """What the account answers."""
        return await asyncio.to_thread(self.site.rows, statement)

    async def row(self) -> dict[str, Any]:
        """Of the service."""
        return next(r for r in await self.rows("SHOW SERVICES IN ACCOUNT") if r["name"] == SERVICE)

    async def tagged(self) -> str:
        """The digest that the project's tag means now."""
        rows = await self.rows(f"SHOW IMAGES IN IMAGE REPOSITORY {PLACE}.IMAGES")
        return str(next(row["digest"] for row in rows if "stable" in row["tags"].split(",")))

    async def workers(self) -> dict[str, str]:
        """Name to status, as Prefect has it."""
        path = f"/work_pools/{WORK_POOL}/workers/filter"
        rows = (await self.prefect.seeder.request("POST", path, {})).json()
        return {row["name"]: row["status"] for row in rows}

    def containers(self) -> list[Container]:
        """The engine's, of this service."""
        found = self.engine.client.containers.list(filters={"label": "spcs-sandbox"})
        return list(found)

    async def gone(self) -> None:
        """Until the engine runs none of them."""
        await asyncio.to_thread(
            eventually, lambda: not self.engine.containers(), "end of the containers", 60
        )


@asynccontextmanager
async def told(engine: DockerEngine, root: Path, elsewhere: Path) -> AsyncIterator[Story]:
    """Everything that has to be there, and nothing deployed.

    Args:
        engine: DOCKER_HOST of this process has to lead there as well.
        root: An empty directory, for the operator.
        elsewhere: Another one, for what is not the operator's.
    """
    values = {
        "the auth string of Prefect": distinctive("operator:"),
        "the value of a secret variable": distinctive("pnu_"),
    }
    auth = values["the auth string of Prefect"]
    for name in ("home", "project", "temp"):
        (root / name).mkdir()
    async with lab(elsewhere, auth_string=auth) as prefect:
        with (
            watched_processes(_PROGRAM) as watch,
            running_site(prefect=False) as site,
            secret_service(root / "keyring") as keyring,
        ):
            values["the password of the user"] = _connect_without_password(site, root / "home")
            site.rows(f"CREATE SECRET {AUTH_SECRET} TYPE = GENERIC_STRING SECRET_STRING = '{auth}'")
            make_worker_project(
                root / "project", engine, site, prefect.server.api_url, instances=INSTANCES
            )
            yield Story(root, site, engine, prefect, keyring, values, watch)


def _connect_without_password(site: Site, home: Path) -> str:
    """Save the connection as people do who keep its password elsewhere; returns that."""
    saved = tomllib.loads((site.sandbox.home / "connections.toml").read_text())
    connection = saved[site.sandbox.connections[0]]
    password = str(connection.pop("password"))
    save(home, {site.sandbox.connections[0]: connection})
    return password


def saved_image(engine: DockerEngine, images: set[str]) -> Iterator[bytes]:
    """Manifests, configurations with their history, and layers, as `docker save` writes them."""
    command = ["docker", "save", *sorted(images)]
    process = subprocess.Popen(command, env=dict(engine.environment), stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process, process.stdout as tar:
        yield from iter(lambda: tar.read(1 << 22), b"")
    assert process.returncode == 0


def leaks(story: Story) -> dict[str, set[str]]:
    """Where a secret was found, and which; nowhere is what is wanted.

    Left out is what belongs to the platform: the containers' own environment in the engine, where
    a program in a container reads its secrets from, and the sandbox's own files, which are the
    account. Searched of the sandbox is what it shows to those who ask.
    """
    secrets = Secrets(story.values)
    found = {f"file {path}": names for path, names in secrets.of_tree(story.root).items()}
    for what, data in story.said:
        found |= {what: names} if (names := secrets.of_screen(data)) else {}
    for place, texts in (
        ("arguments", story.watch.arguments),
        ("environment", story.watch.environments),
    ):
        for text in texts:
            found |= {f"{place}: {text!r}": names} if (names := secrets.of_bytes(text)) else {}
    for image in story.images:
        known = json.dumps(
            [story.engine.client.api.inspect_image(image), story.engine.client.api.history(image)]
        )
        found |= {f"image {image}": names} if (names := secrets.of_bytes(known.encode())) else {}
    layers = secrets.of_chunks(saved_image(story.engine, story.images))
    return found | ({"layers of the images": layers} if layers else {})

"""What can be wrong with files, accounts, networks and Prefect, and that the rest is unaffected."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.prefect_stub import Reply, Request, prefect_stub
from support.program import Program

if TYPE_CHECKING:
    from conftest import World

NOBODY = 65534
OF_A_SCREEN = re.compile(r"(?<!')\b(press|enter|esc|[b-z])\b|connection's line")
OF_LIBRARIES = ("Traceback", "Warning:", "site-packages", "issue(s)")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield int(listener.getsockname()[1])


@pytest.fixture
def dead_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Connections


async def test_one_bad_connection_beside_another_and_a_good_one(
    world: World, dead_port: int, tmp_path: Path
) -> None:
    key = tmp_path / "garbage.p8"
    key.write_text("no key")
    key.chmod(0o600)
    jwt = {"authenticator": "SNOWFLAKE_JWT", "password": None}
    bad: dict[str, tuple[dict[str, Any], str, str, str]] = {
        "password": ({"password": "nope"}, "refused", "password was", "Correct the user or"),
        "user": ({"user": "NOBODY"}, "refused", "NOBODY", "Correct the user or"),
        "account": ({"account": "no-such"}, "refused", "refused", "Correct the user"),
        "token": (
            {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "t", "password": None},
            "refused",
            "refused the sign-in",
            "put a fresh token",
        ),
        "garbled-key": (
            jwt | {"private_key_file": str(key)},
            "unreachable",
            "no connection",
            "PKCS#8",
        ),
        "missing-key": (
            jwt | {"private_key_file": str(tmp_path / "none.p8")},
            "misconfigured",
            "none.p8",
            "Correct that connection",
        ),
        "role": ({"role": "NO_SUCH"}, "refused", "Role 'NO_SUCH'", "Name a role"),
        "warehouse": ({"warehouse": "NO_SUCH"}, "refused", "warehouse", "Correct role, warehouse"),
        "database": ({"database": "NO_SUCH"}, "refused", "database", "Correct role, warehouse"),
        "authenticator": (
            {"authenticator": "frobnicate"},
            "misconfigured",
            "'frobnicate'",
            "Correct that connection",
        ),
        "browser": (
            {"authenticator": "externalbrowser"},
            "sign-in needed",
            "needs you",
            "For scripts use a key pair",
        ),
        "types": ({"role": 5}, "misconfigured", "role has to be text", "connections.toml"),
        "port": ({"port": "abc"}, "misconfigured", "port has to be", "connections.toml"),
        "url": ({"host": "http://x"}, "misconfigured", "host has to be", "connections.toml"),
        "closed": ({"port": dead_port}, "unreachable", "refused", "Check host, port"),
        "tls": ({"protocol": "https"}, "unreachable", "no connection", "Check host, port"),
        "name": ({"host": "no-such-host.invalid"}, "unreachable", "no connection", "Check host"),
    }
    await world.create("WEB")
    world.connections(dev={}, **{name: changes for name, (changes, *_) in bad.items()})
    answer = await world.program.run("--check", "--json")
    assert answer.status == 3, answer.err
    report = json.loads(answer.out)
    found = {c["name"]: c for c in report["connections"]}
    for name, (_, state, words, following) in bad.items():
        said = found[name]
        assert (said["state"], said["ok"]) == (state, False), said
        assert words in said["error"], said
        assert following in said["next_step"], said
        assert not OF_A_SCREEN.search(said["next_step"]), said
    assert found["dev"]["ok"]
    assert [(s["service"], s["verdict"]) for s in report["services"]] == [("WEB", "healthy")]
    assert (
        answer.err
        == f"unknown: 1 service, 1 healthy; {len(bad)} of {len(found)} connections failed\n"
    )
    assert not any(word in answer.out for word in (*OF_LIBRARIES, "swordfish"))


async def test_a_silent_host_costs_its_own_answer_only(world: World, silent_port: int) -> None:
    await world.create("WEB")
    world.connections(dev={}, silent={"port": silent_port})
    answer = await world.program.run("--check", "--timeout", "5")
    assert answer.status == 3
    rows = answer.out.splitlines()[1:]
    assert [row.split()[:3] for row in rows] == [
        ["unknown", "-", "silent"],
        ["healthy", "D.S.WEB", "dev"],
    ]
    assert "did not answer everything within 5 s -> Allow more time with --timeout" in rows[0]


async def test_prometheus_says_which_connections_are_up(world: World, dead_port: int) -> None:
    await world.create("WEB")
    world.connections(dev={}, dead={"port": dead_port})
    answer = await world.program.run("--check", "--prometheus")
    assert answer.status == 3
    assert 'spcs_worker_connection_up{connection="dev"} 1' in answer.out
    assert 'spcs_worker_connection_up{connection="dead"} 0' in answer.out
    assert 'service="WEB",verdict="healthy"} 1' in answer.out


# Files


async def refused(program: Program, *words: str) -> None:
    """All three forms say it alike: a sentence and a next step, no data, 64."""
    answer = await program.run("--check", "--json")
    assert (answer.status, answer.out) == (64, "")
    complaint, following = answer.err.splitlines()
    assert complaint.startswith("spcs-worker-tui: ")
    assert following.startswith("  ")
    for word in words:
        assert word in answer.err
    assert not any(word in answer.err for word in OF_LIBRARIES)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[dev\nuser = 'u'\n", ["line 1", "Correct that line"]),
        (b"[dev]\nuser = u\n", ["line 2", "texts need quotes"]),
        (b"[dev]\nuser = 'u'\n[dev]\n", ["declare [dev] twice", "only once"]),
        (b"[dev]\nuser = '\xff'\n", ["line 2, is not UTF-8", "Save the file"]),
        ("[dev]\nuser = 'u'\n".encode("utf-16"), ["is not UTF-8"]),
        (b"", ["no saved Snowflake connection", "--sandbox"]),
    ],
)
async def test_a_file_that_is_none(program: Program, content: bytes, words: list[str]) -> None:
    file = program.home / "connections.toml"
    file.write_bytes(content)
    file.chmod(0o600)
    await refused(program, *words)


async def test_a_directory_in_its_place(program: Program) -> None:
    (program.home / "connections.toml").mkdir(mode=0o700)
    await refused(program, "connections.toml cannot be read: Is a directory", "Make it a file")


async def test_others_may_read_it_and_nobody_hears_of_it(world: World) -> None:
    await world.create("WEB")
    (world.program.home / "connections.toml").chmod(0o644)
    answer = await world.program.run("--check")
    assert (answer.status, answer.err) == (0, "healthy: 1 service\n")


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that everybody may enter, which pytest's own are not."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


# The superuser may read everything, so such a process gives that up; after the imports, since
# nobody needs to be able to read the environment of the tests.
_READ_AS_NOBODY = f"""
import os
from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.domain.errors import ConfigurationError
if os.geteuid() == 0:
    os.setuid({NOBODY})
try:
    read_connections()
except ConfigurationError as error:
    print(error, "|", error.next_step)
"""


def test_a_file_that_may_not_be_read(open_directory: Path) -> None:
    file = open_directory / "connections.toml"
    file.write_text("[dev]\n")
    file.chmod(0o000)
    done = subprocess.run(
        [sys.executable, "-c", _READ_AS_NOBODY],
        env={"SNOWFLAKE_HOME": str(open_directory), "HOME": str(open_directory)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"{file} cannot be read: Permission denied | Make it a file")


# Prefect


def json_error(status: int, **headers: str) -> Callable[[Request], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Reply(status, {"detail": "no"}, named)


PREFECT: dict[str, tuple[Callable[[Request], Reply], str, str]] = {
    "PAGE": (lambda _: Reply(200, "<!doctype html>"), "web page", "Check PREFECT_API_URL"),
    "E401": (json_error(401), "none are saved for it (401)", "Save a Prefect profile"),
    "E403": (json_error(403), "none are saved for it (403)", "Save a Prefect profile"),
    "E404": (lambda _: Reply(404, {"detail": "Not Found"}), "no Prefect API", "Check PREFECT_API"),
    "E429": (json_error(429, Retry_After="30"), "left alone", "asked again by itself"),
    "E500": (json_error(500), "answered 500", "Prefect server's own log"),
    "GARBLED": (lambda _: Reply(200, b"{{{"), "else than JSON", "Check PREFECT_API_URL"),
    "OTHER": (lambda _: Reply(200, {"a": 1}), "something else than", "Check that PREFECT_API_URL"),
    "SILENT": (lambda _: Reply(hang=True), "within 8 s", "Check"),
}
ADDRESSES = {
    "CLOSED": ("http://127.0.0.1:1/api", "Cannot reach", "Prefect server runs"),
    "NO_URL": ("not an address", "no http or https address", "Check PREFECT_API_URL"),
    "SCHEME": ("ftp://prefect.example/api", "no http or https address", "Check PREFECT_API_URL"),
    "PORT": ("http://127.0.0.1:99999/api", "no http or https address", "Check PREFECT_API_URL"),
    "NAME": ("http://no-such-host.invalid/api", "Cannot reach", "Prefect server runs"),
    "SECRET": ("http://me:hunter2@127.0.0.1:1/api", "Cannot reach http://127.0.0.1:1", "Prefect"),
}


@asynccontextmanager
async def apis() -> AsyncIterator[dict[str, tuple[str, str, str]]]:
    """All of them: the address, and what is to be said."""
    async with AsyncExitStack() as stack:
        known = dict(ADDRESSES)
        for name, (answer, words, following) in PREFECT.items():
            stub = await stack.enter_async_context(prefect_stub(answer))
            known[name] = (stub.api_url, words, following)
        yield known


async def test_a_prefect_that_fails_is_the_trouble_of_its_own_workers(world: World) -> None:
    await world.create("WEB")
    async with apis() as known:
        for name, (url, *_) in known.items():
            await world.create(name, env=f"PREFECT_API_URL: '{url}', PREFECT_WORK_POOL: spcs")
        answer = await world.program.run("--check", "--json")
    assert (answer.status, answer.err.split(":")[0]) == (1, "degraded"), answer.err
    found = {s["service"]: s for s in json.loads(answer.out)["services"]}
    for name, (_, words, following) in known.items():
        service = found[name]
        assert (service["verdict"], service["rule"]) == ("degraded", 15), service
        assert words in service["reason"], service
        assert following in service["next_step"], service
        assert service["work_pool"]["next_step"] == service["next_step"]
    assert found["WEB"]["verdict"] == "healthy"
    assert not any(word in answer.out for word in (*OF_LIBRARIES, "hunter2"))

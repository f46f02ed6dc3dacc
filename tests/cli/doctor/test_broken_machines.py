"""What can be wrong with this machine: each is found and named, and well again after its cure."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from spcs_worker_tui.domain.doctor import Area, Finding, Outcome
from support.doctoring import apply_fix, findings, wrong
from support.prefect_stub import PrefectStub, Reply, Request, prefect_stub
from support.program import SECONDS, Program
from support.secret_service import secret_service
from support.terminal import Terminal

PASSPHRASE = b"nobody knows"


async def found_of(check: str) -> list[Finding]:
    return wrong(await findings(), check)


def pem(form: PrivateFormat, lock: KeySerializationEncryption | None = None) -> bytes:
    return private_key().private_bytes(Encoding.PEM, form, lock or NoEncryption())


@cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def key_file(home: Any) -> Path:
    """A private key that a connection names, and that is as it should be."""
    path: Path = home.program.home / "key.p8"
    path.write_bytes(pem(PrivateFormat.PKCS8))
    path.chmod(0o600)
    pair = {"authenticator": "SNOWFLAKE_JWT", "private_key_file": str(path), "password": None}
    home.connections(dev={}, pair=pair)
    return path


async def test_a_key_that_is_not_there(key_file: Any) -> None:
    key_file.rename(key_file.with_suffix(".away"))
    (finding,) = await found_of("key-file")
    assert (finding.connection, finding.outcome) == ("pair", Outcome.PROBLEM)
    assert finding.text == f"there is no private key at {key_file}"
    key_file.with_suffix(".away").rename(key_file)
    assert not await found_of("key-file")


async def test_a_key_whose_path_only_a_shell_understands(key_file: Any, home: Any) -> None:
    pair = {"authenticator": "SNOWFLAKE_JWT", "password": None}
    home.connections(dev={}, pair=pair | {"private_key_file": f"~/{key_file.name}"})
    (finding,) = await found_of("key-file")
    assert finding.text == f"there is no private key at ~/{key_file.name}"
    assert finding.cure is not None
    assert "Write the whole path" in finding.cure.words
    # Not for nothing: that is what the connector makes of it.
    (refused,) = [one for one in await found_of("connection-login") if one.subject == "pair"]
    assert refused.outcome is Outcome.PROBLEM
    home.connections(dev={}, pair=pair | {"private_key_file": str(key_file)})
    assert not await found_of("key-file")


async def test_a_key_that_others_can_read(key_file: Any) -> None:
    key_file.chmod(0o640)
    (finding,) = await found_of("key-file")
    assert "(0640) is open to others" in finding.text
    await apply_fix(finding)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert not await found_of("key-file")


async def test_a_key_in_a_form_that_snowflake_does_not_take(key_file: Any) -> None:
    key_file.write_bytes(pem(PrivateFormat.TraditionalOpenSSL))
    (finding,) = await found_of("key-file")
    assert finding.cure is not None
    (command,) = finding.cure.commands
    made = await asyncio.create_subprocess_shell(
        f"{command} -nocrypt && mv {key_file}.p8 {key_file}"
    )
    assert await made.wait() == 0
    key_file.chmod(0o600)
    assert not await found_of("key-file")


async def test_a_key_with_a_passphrase_is_well(key_file: Any) -> None:
    key_file.write_bytes(pem(PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE)))
    assert not await found_of("key-file")


@pytest.mark.parametrize(
    ("minutes", "authenticator", "outcome"),
    [
        (10, "snowflake_jwt", Outcome.PROBLEM),
        (-10, "snowflake_jwt", Outcome.PROBLEM),
        (10, "snowflake", Outcome.NOTICE),
    ],
)
async def test_a_clock_that_is_wrong(
    home: Any, minutes: int, authenticator: str, outcome: Outcome
) -> None:
    ahead = timedelta(minutes=minutes)

    def told(_: Request) -> Reply:
        return Reply(403, "", {"Date": format_datetime(datetime.now(UTC) + ahead, usegmt=True)})

    async with prefect_stub(told) as server:
        home.connections(dev={"port": server.port, "authenticator": authenticator})
        (finding,) = await found_of("clock")
        assert finding.outcome is outcome
        assert f"10 min {'behind' if minutes > 0 else 'ahead of'} Snowflake's" in finding.text
        ahead = timedelta()
        assert not await found_of("clock")


@pytest.fixture
async def engine(home: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What an engine for linux/amd64 says of itself."""
    version = {"Version": "28.2.2", "ApiVersion": "1.47", "Os": "linux", "Arch": "amd64"}

    def told(request: Request) -> Reply:
        return Reply(content=json.dumps(version).encode())

    async with prefect_stub(told) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.port}")
        yield server, version


Engine = tuple[PrefectStub, dict[str, str]]


async def test_no_docker_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    (finding,) = await found_of("docker-engine")
    assert finding.outcome is Outcome.NOTICE
    assert "there is no Docker engine at unix:///nowhere/docker.sock" in finding.text
    assert finding.cure is not None
    assert "Only build, push, deploy and local need one." in finding.cure.words
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{engine[0].port}")
    assert not await found_of("docker-engine")


@pytest.mark.parametrize(
    ("name", "value", "outcome"),
    [("Arch", "arm64", Outcome.NOTICE), ("Os", "windows", Outcome.PROBLEM)],
)
async def test_an_engine_for_another_platform(
    engine: Engine, name: str, value: str, outcome: Outcome
) -> None:
    well = dict(engine[1])
    engine[1][name] = value
    (finding,) = await found_of("docker-platform")
    assert finding.outcome is outcome
    assert value in finding.text
    engine[1].update(well)
    assert not await found_of("docker-platform")


def of_machine(text: str) -> dict[str, dict[str, Any]]:
    """What is not well of this machine, by check, in what `doctor --json` printed."""
    document, _ = json.JSONDecoder().raw_decode(text[text.index("{") :])
    rows = [row for row in document["findings"] if row["area"] == Area.MACHINE]
    return {row["check"]: row for row in rows if row["outcome"] != "ok"}


async def test_no_keyring(program: Program, tmp_path: Path) -> None:
    alone = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere", "XDG_RUNTIME_DIR": str(tmp_path)}
    answer = await program.run("doctor", "--json", **alone)
    finding = of_machine(answer.out)["keyring"]
    assert finding["outcome"] == "notice"
    with secret_service(tmp_path / "keyring") as running:
        answer = await program.run("doctor", "--json", **running.environment)
        assert "keyring" not in of_machine(answer.out)
        url = "https://prefect.example.com/api"
        kept = await program.run("keys", "set", url, given="pnu_1", **running.environment)
        assert kept.status == 0, kept.err
    answer = await program.run("doctor", "--json", **alone)
    finding = of_machine(answer.out)["keyring"]
    assert finding["outcome"] == "problem"
    assert "1 keys are kept in it" in finding["text"]


def at_terminal(
    program: Program, size: tuple[int, int], variables: dict[str, str]
) -> dict[str, dict[str, Any]]:
    argv = (sys.executable, "-m", "spcs_worker_tui.cli.main", "doctor", "--json")
    environment = program.environment(**variables)
    columns, rows = size
    with Terminal(argv, environment, columns=columns, rows=rows) as terminal:
        terminal.wait_exit(SECONDS)
        while terminal.pump(0.2) and b"findings," not in terminal.raw:
            continue
        return of_machine(terminal.raw.decode())


GOOD = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize(
    ("check", "size", "variables", "cure"),
    [
        ("terminal", (80, 24), {"TERM": "dumb"}, "export TERM=xterm-256color"),
        ("terminal-colours", (80, 24), {"TERM": "vt100"}, "export TERM=xterm-256color"),
        (
            "terminal-unicode",
            (80, 24),
            {"PYTHONIOENCODING": "latin-1"},
            "export LC_ALL=C.UTF-8",
        ),
        ("terminal-size", (79, 24), {}, ""),
        ("terminal-size", (80, 23), {}, ""),
    ],
)
async def test_a_terminal_that_can_do_too_little(
    program: Program, check: str, size: tuple[int, int], variables: dict[str, str], cure: str
) -> None:
    found = await asyncio.to_thread(at_terminal, program, size, GOOD | variables)
    assert {one for one in found if one.startswith("terminal")} == {check}
    assert not cure or cure in found[check]["cure"]["commands"]
    found = await asyncio.to_thread(at_terminal, program, (80, 24), GOOD)
    assert not {one for one in found if one.startswith("terminal")}


async def test_colours_that_are_not_wanted_are_not_missed(program: Program) -> None:
    variables = {"TERM": "vt100", "NO_COLOR": "1"}
    found = await asyncio.to_thread(at_terminal, program, (120, 40), variables)
    assert "terminal-colours" not in found

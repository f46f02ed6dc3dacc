"""Containers that are real processes of this machine."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from spcs_worker_tui.sandbox.clock import WallClock
from spcs_worker_tui.sandbox.reconciler.addresses import LoopbackAddresses
from spcs_worker_tui.sandbox.runtimes.base import Exit, Launch
from spcs_worker_tui.sandbox.runtimes.guardian import Guardian
from spcs_worker_tui.sandbox.runtimes.images import BUILT_IN, KnownImage, KnownImages
from spcs_worker_tui.sandbox.runtimes.process import ProcessContainer, ProcessRuntime

ADDRESSES = LoopbackAddresses()


class Bench:
    """A runtime whose image `script` runs the Python text given to `run`."""

    def __init__(self) -> None:
        self.guardian = Guardian(grace_seconds=0.5)
        images = {**BUILT_IN, "script": KnownImage((sys.executable, "-c"))}
        self.runtime = ProcessRuntime(
            KnownImages(images),
            self.guardian,
            WallClock(),
            memory_seconds=0.1,
            session_token=lambda launch: f"token of {launch.service}",
        )
        self.lines: list[str] = []

    async def run(self, script: str = "", **changes: object) -> ProcessContainer:
        values: dict[str, object] = {
            "command_name": "script",
            "args": (textwrap.dedent(script),) if script else None,
            "ip_address": ADDRESSES.take(),
            **changes,
        }
        launch = Launch(
            account="org-acct",
            database="DB",
            schema="SCH",
            service="SVC",
            instance_id=0,
            container="main",
            image="/db/sch/repo/script:1",
            image_digest="sha256:0",
            **values,  # type: ignore[arg-type]
        )
        return await self.runtime.start(launch, lambda _, line: self.lines.append(line))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    bench.guardian.start()
    yield bench
    await bench.runtime.close()
    await bench.guardian.close()


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.02)


async def until_it_answers(container: ProcessContainer) -> None:
    async with asyncio.timeout(20):
        while await container.probe(8080, "/health") != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


async def test_exit_code_and_both_streams_in_order(bench: Bench) -> None:
    container = await bench.run("""
        import sys
        print("out", flush=True)
        print("err", file=sys.stderr, flush=True)
        sys.stdout.write("no newline at the end")
        sys.stdout.flush()
        sys.exit(7)
    """)
    assert await container.wait() == Exit(7)
    assert bench.lines == ["out", "err", "no newline at the end"]


async def test_long_lines_and_bytes_that_are_no_utf_8_survive(bench: Bench) -> None:
    container = await bench.run("""
        import sys
        sys.stdout.buffer.write(b"x" * 200_000 + b"\\n" + b"a\\xffb\\n")
    """)
    await container.wait()
    assert bench.lines == ["x" * 200_000, "a\ufffdb"]


async def test_environment_is_clean(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "ours")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    container = await bench.run(
        "import os, json; print(json.dumps([dict(os.environ), os.getcwd()]))",
        env={"GREETING": "hello", "HOSTNAME": "statefulset-0"},
    )
    await container.wait()
    seen, cwd = json.loads(bench.lines[0])
    assert set(seen) - {"LANG", "LC_ALL", "LC_CTYPE"} == {
        "PATH",
        "HOME",
        "TMPDIR",
        "GREETING",
        "HOSTNAME",
        "PREFECT_WORKER_WEBSERVER_HOST",
        "SPCS_SANDBOX_CONTAINER",
        "SPCS_SANDBOX_IP",
        "SPCS_SANDBOX_MARK",
        "SPCS_SANDBOX_ROOT",
    }
    assert seen["GREETING"] == "hello"
    assert cwd.startswith(seen["SPCS_SANDBOX_ROOT"])
    assert cwd != str(Path.cwd())


async def test_token_and_secret_files_are_below_the_root_and_go_with_it(bench: Bench) -> None:
    container = await bench.run(
        """
        import os, pathlib, time
        root = pathlib.Path(os.environ["SPCS_SANDBOX_ROOT"])
        print((root / "snowflake/session/token").read_text(), flush=True)
        secret = root / "secrets/password"
        print(secret.read_text(), flush=True)
        while secret.read_text() == "old":
            time.sleep(0.02)
        print(secret.read_text(), flush=True)
        """,
        files={"/secrets/password": "old", "/../../escape": "no"},
    )
    await until(lambda: len(bench.lines) == 2)
    container.write_files({"/secrets/password": "new"})
    await container.wait()
    container.write_token("of a container that is gone")
    assert bench.lines == ["token of SVC", "old", "new"]
    assert not container.root.exists()
    assert not (container.root.parent.parent / "escape").exists()


async def test_no_token_when_the_specification_keeps_it_out(bench: Bench) -> None:
    container = await bench.run("import time; time.sleep(60)", session_directory=None)
    assert not (container.root / "snowflake").exists()


async def test_the_token_is_rewritten() -> None:
    tokens = iter(["first", "second", "third"])
    guardian = Guardian()
    runtime = ProcessRuntime(
        KnownImages({"sleep": KnownImage(("/bin/sleep", "60"))}),
        guardian,
        WallClock(),
        session_token=lambda _: next(tokens, "last"),
        token_seconds=0.05,
    )
    launch = Launch("a", "D", "S", "SVC", 0, "main", "i", "sha256:0", "sleep")
    container = await runtime.start(launch, lambda *_: None)
    token = container.root / "snowflake/session/token"
    assert token.read_text() == "first"
    await until(lambda: token.read_text() == "last")
    await runtime.close()


async def test_two_instances_listen_on_the_same_port(bench: Bench) -> None:
    first = await bench.run(command_name="echo-http")
    second = await bench.run(command_name="echo-http")
    for container in (first, second):
        await until_it_answers(container)
    assert await first.probe(8081, "/health") is None
    first.kill()
    assert await first.wait() == Exit(137)
    assert await first.probe(8080, "/health") is None
    assert await second.probe(8080, "/health") == 200


async def test_a_path_cannot_end_the_request_line(bench: Bench) -> None:
    container = await bench.run(command_name="echo-http")
    await until_it_answers(container)
    assert await container.probe(8080, "/ HTTP/1.1\r\nX: y\r\n\r\n") == 200
    container.terminate()
    await container.wait()
    assert any("X:%20y" in line for line in bench.lines)


async def test_sigterm_may_be_ignored_and_sigkill_not(bench: Bench) -> None:
    container = await bench.run(command_name="stubborn")
    await until(lambda: bench.lines == ["I do not stop"])
    container.terminate()
    await until(lambda: bench.lines == ["I do not stop", "no"])
    container.kill()
    assert await container.wait() == Exit(137)


async def test_sigterm_reaches_the_main_process_alone(bench: Bench) -> None:
    container = await bench.run("""
        import os, signal, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        def stop(*_):
            os.write(1, f"child {child.poll()}\\n".encode())
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        print("ready", flush=True)
        time.sleep(60)
    """)
    await until(lambda: bench.lines == ["ready"])
    container.terminate()
    assert await container.wait() == Exit(0)
    assert bench.lines == ["ready", "child None"]


DAEMON = """
    import os, subprocess, sys, time
    # Started as Prefect starts flow runs, and worse: a session of its own, its parent gone.
    subprocess.Popen(
        [sys.executable, "-c", '''if 1:
            import os, time
            if os.fork(): os._exit(0)
            os.setsid()
            print(os.getpid(), flush=True)
            time.sleep(300)'''],
        start_new_session=True,
    ).wait()
    time.sleep(300)
"""


async def test_orphans_in_sessions_of_their_own_die_with_the_container(bench: Bench) -> None:
    container = await bench.run(DAEMON)
    await until(lambda: len(bench.lines) == 1)
    orphan = int(bench.lines[0])
    assert is_running(orphan)
    container.kill()
    await container.wait()
    assert not is_running(orphan)


async def test_too_much_memory(bench: Bench) -> None:
    container = await bench.run(command_name="memory-hog", memory_limit_bytes=64 * 1024 * 1024)
    assert await container.wait() == Exit(137, oom_killed=True)
    assert bench.lines == ["hungry"]


async def test_memory_of_children_counts(bench: Bench) -> None:
    container = await bench.run(
        """
        import subprocess, sys
        hog = "import time; held = b'x' * 80_000_000; time.sleep(60)"
        subprocess.run([sys.executable, "-c", hog], start_new_session=True)
        """,
        memory_limit_bytes=64 * 1024 * 1024,
    )
    assert await container.wait() == Exit(137, oom_killed=True)


async def test_command_and_args_replace_what_the_image_says(bench: Bench) -> None:
    container = await bench.run(
        "unused", command=("python", "-c", "import sys; print(sys.argv[1:])"), args=("a", "b")
    )
    assert await container.wait() == Exit(0)
    assert bench.lines == ["['a', 'b']"]


@pytest.mark.parametrize("command", [("no-such-command",), ("/usr/bin/env",)])
async def test_an_executable_that_is_not_in_the_image(
    bench: Bench, command: tuple[str, ...]
) -> None:
    with pytest.raises(OSError, match="no executable"):
        await bench.run("unused", command=command)


async def test_sigint_is_not_ignored_even_if_we_were_started_so(bench: Bench) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        container = await bench.run(
            "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
        )
        await container.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    assert bench.lines == ["False"]


async def test_close_ends_everything_and_leaves_no_directory(bench: Bench) -> None:
    container = await bench.run(command_name="stubborn")
    await bench.runtime.close()
    assert container.ended.done()
    assert not container.root.parent.exists()
    with pytest.raises(OSError, match="closing"):
        await bench.run(command_name="stubborn")

"""PUT with the real connector; LIST shows what arrived, and services are made from it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import aio
from snowflake.connector.errors import DatabaseError, Error

from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.server import SandboxSettings
from support.catalogue import new_lab
from support.sandbox import RunningSandbox, running_sandbox


class Bench:
    """A connection to a sandbox that has the stage D.S.STG."""

    def __init__(self, sandbox: RunningSandbox, connection: Any) -> None:
        self.sandbox = sandbox
        self.connection = connection

    async def rows(self, text: str) -> list[Any]:
        cursor = self.connection.cursor()
        await cursor.execute(text)
        return list(await cursor.fetchall())

    def files(self) -> dict[str, bytes]:
        stage = self.sandbox.lab.account.stages["D", "S", "STG"]
        return {path: stored.content for path, stored in stage.files.items()}


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = ManualClock()
    async with running_sandbox(
        new_lab(), clock=clock, settings=SandboxSettings(upload_seconds=60)
    ) as sandbox:
        keywords = sandbox.connection(database="D", schema="S")
        async with await aio.connect(**keywords) as connection:
            bench = Bench(sandbox, connection)
            await bench.rows("CREATE STAGE stg")
            yield bench


async def test_a_file_arrives_as_it_is_and_is_listed(bench: Bench, tmp_path: Path) -> None:
    spec = tmp_path / "my #1 spec.yml"
    spec.write_text("spec: {}\n")
    (row,) = await bench.rows(f"PUT 'file://{spec}' @stg/a/b AUTO_COMPRESS=FALSE")
    assert row[0] == row[1] == spec.name
    assert row[6] == "UPLOADED"
    assert bench.files() == {f"a/b/{spec.name}": b"spec: {}\n"}
    ((name, size, md5, _),) = await bench.rows("LIST @stg/a")
    digest = hashlib.md5(b"spec: {}\n", usedforsecurity=False).hexdigest()
    assert (name, size, md5) == (f"stg/a/b/{spec.name}", 9, digest)


async def test_compressed_by_default(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "spec.yml").write_text("spec: {}\n")
    (tmp_path / "packed.yml.gz").write_bytes(gzip.compress(b"x"))
    await bench.rows(f"PUT file://{tmp_path}/spec.yml @stg")
    await bench.rows(f"PUT file://{tmp_path}/packed.yml.gz @stg")
    files = bench.files()
    assert sorted(files) == ["packed.yml.gz", "spec.yml.gz"]
    assert gzip.decompress(files["spec.yml.gz"]) == b"spec: {}\n"
    assert gzip.decompress(files["packed.yml.gz"]) == b"x"


async def test_an_existing_file_is_kept_unless_it_is_to_be_overwritten(
    bench: Bench, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.yml"
    put = f"PUT file://{spec} @stg AUTO_COMPRESS=FALSE"
    spec.write_text("first")
    await bench.rows(put)
    spec.write_text("second")
    ((*_, status, _),) = await bench.rows(put)
    assert (status, bench.files()) == ("SKIPPED", {"spec.yml": b"first"})
    ((*_, status, _),) = await bench.rows(f"{put} OVERWRITE=TRUE")
    assert (status, bench.files()) == ("UPLOADED", {"spec.yml": b"second"})


async def test_several_files_at_once(bench: Bench, tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(name)
    rows = await bench.rows(f"PUT 'file://{tmp_path}/*.yml' @stg/all AUTO_COMPRESS=FALSE")
    assert [row[6] for row in rows] == ["UPLOADED", "UPLOADED"]
    assert bench.files() == {"all/a.yml": b"a.yml", "all/b.yml": b"b.yml"}


async def test_a_missing_stage_and_a_missing_privilege_are_refused(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "spec.yml").write_text("x")
    put = f"PUT file://{tmp_path}/spec.yml"
    with pytest.raises(DatabaseError) as caught:
        await bench.rows(f"{put} @nowhere")
    assert caught.value.errno == 2003
    await bench.rows("USE ROLE watcher")
    with pytest.raises(DatabaseError) as caught:
        await bench.rows(f"{put} @d.s.stg")
    assert caught.value.errno in (2003, 3001)
    assert bench.files() == {}


async def test_a_missing_local_file_is_the_client_s_own_error(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(Error):
        await bench.rows(f"PUT file://{tmp_path}/nothing.yml @stg")
    assert bench.files() == {}

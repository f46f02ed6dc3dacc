"""Specs that an earlier run has read, and how they compare with the project's files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from spcs_worker_tui.domain.fleet import (
    DeployedSpec,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.memory import RememberedSpec
from spcs_worker_tui.domain.verdict import Sync
from spcs_worker_tui.operations.watch.once import look
from spcs_worker_tui.operations.watch.specs import to_remember
from spcs_worker_tui.operations.watch.supplied import SuppliedSession
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import NOW, POOL, ago, deployed_spec, key, service
from support.memory import Memory
from support.scripted import ScriptedPrefect, ScriptedSession, begin, many, pass_time, settle

Start = Callable[..., FleetWatcher]


class Files:
    """A project that is about one service, `INGEST`; implements `LocalSpecs`."""

    def __init__(self) -> None:
        self.stamp = "first"
        self.differing: tuple[str, ...] = ("worker.LIMIT",)

    def spec_of(self, key: ServiceKey) -> DeployedSpec | None:
        raise AssertionError(key)

    def stamps(self, keys: Sequence[ServiceKey]) -> Mapping[ServiceKey, str]:
        return {one: self.stamp for one in keys if one == key()}

    def differing_fields(self, key: ServiceKey, deployed: DeployedSpec) -> tuple[str, ...]:
        assert (key.name, deployed.digest) == ("INGEST", "spec-1")
        return self.differing


@pytest.fixture
async def start(clock: ManualClock, prefect: ScriptedPrefect) -> AsyncIterator[Start]:
    made: list[FleetWatcher] = []

    def make(memory: Memory, session: object) -> FleetWatcher:
        watcher = FleetWatcher([session], prefect, Judge(), clock, memory=memory)
        made.append(watcher)
        return watcher

    yield make
    for watcher in made:
        await watcher.close()
    await settle()


def seen(watcher: FleetWatcher, of: ServiceKey | None = None) -> ServiceSnapshot:
    found = watcher.service(of or key())
    assert found is not None
    return found


def sync(watcher: FleetWatcher) -> tuple[Sync, str]:
    verdict = watcher.judged.verdict(key())
    assert verdict is not None
    return verdict.sync, verdict.sync_detail


async def test_what_an_earlier_run_read_is_not_read_again(
    start: Start, clock: ManualClock, prefect: ScriptedPrefect
) -> None:
    memory = Memory()
    first = start(memory, ScriptedSession(services=many(30)))
    await begin(first)
    await pass_time(clock, 30)
    await first.close()
    assert memory.saved == 1
    assert len(memory.specs) == 30

    session = ScriptedSession(services=many(30))
    second = start(memory, session)
    await begin(second)
    await pass_time(clock, 1)
    assert len(second.snapshot.services) == 30
    assert all(one.binding is not None for one in second.snapshot.services)
    assert all(one.spec_read_at is not None for one in second.snapshot.services)
    assert prefect.names[-1] == POOL
    await pass_time(clock, 30)
    assert session.calls["describe_service"] == 0


async def test_the_text_of_the_selected_one_is_read(start: Start, clock: ManualClock) -> None:
    memory = Memory()
    await begin(first := start(memory, ScriptedSession(services=many(3))))
    await pass_time(clock, 5)
    await first.close()
    session = ScriptedSession(services=many(3))
    watcher = start(memory, session)
    await begin(watcher)
    await pass_time(clock, 1)
    chosen = many(3)[1].key
    assert seen(watcher, chosen).spec.value is None
    watcher.select(chosen)
    await pass_time(clock, 12)
    assert seen(watcher, chosen).spec.value == deployed_spec()
    assert session.calls["describe_service"] == 1


async def test_another_digest_is_read_anew(start: Start, clock: ManualClock) -> None:
    memory = Memory()
    await begin(first := start(memory, ScriptedSession(services=[service()])))
    await first.close()
    session = ScriptedSession(services=[service()])
    watcher = start(memory, session)
    await begin(watcher)
    session.services[key()] = replace(service(), spec_digest="spec-2")
    session.spec = lambda _key: replace(deployed_spec(), digest="spec-2")
    await pass_time(clock, 6)
    assert session.calls["describe_service"] == 1
    assert {name.digest for name in memory.specs} == {"spec-1", "spec-2"}


async def test_of_what_does_not_run_the_spec_says_the_image(
    start: Start, clock: ManualClock
) -> None:
    memory = Memory()
    await begin(first := start(memory, ScriptedSession(services=[service()])))
    await first.close()
    down = service(status=ServiceStatus.SUSPENDED, containers=[])
    session = ScriptedSession(services=[down])
    watcher = start(memory, session)
    await begin(watcher)
    await pass_time(clock, 6)
    assert session.calls["describe_service"] == 1


async def test_what_differs_is_known_at_once_and_again_when_the_files_change(
    start: Start, clock: ManualClock
) -> None:
    memory, files = Memory(), Files()

    def watching() -> tuple[FleetWatcher, ScriptedSession]:
        session = ScriptedSession(services=[service(), service("OTHER")])
        return start(memory, SuppliedSession(session, lambda: files, compares=True)), session

    first, session = watching()
    await begin(first)
    await pass_time(clock, 1)
    assert sync(first)[0] is Sync.SPEC_DIFFERS
    assert "worker.LIMIT" in sync(first)[1]
    assert session.calls["describe_service"] == 2
    other = first.judged.verdict(key("OTHER"))
    assert other is not None
    assert other.sync is Sync.IN_SYNC
    await first.close()

    second, session = watching()
    await begin(second)
    await pass_time(clock, 1)
    assert sync(second)[0] is Sync.SPEC_DIFFERS
    assert session.calls["describe_service"] == 0

    files.stamp, files.differing = "second", ()
    await pass_time(clock, 6)
    assert sync(second) == (
        Sync.IN_SYNC,
        "the image is current; the spec is as spcs-worker.toml has it",
    )
    assert session.calls["describe_service"] == 1
    files.stamps = lambda _keys: {}  # type: ignore[method-assign]
    await pass_time(clock, 6)
    assert "no local spec" in sync(second)[1]


async def test_one_look_with_sync_compares_and_remembers(clock: ManualClock) -> None:
    memory, files = Memory(), Files()

    async def words(*, images: bool) -> tuple[Sync, tuple[str, ...] | None, int]:
        session = ScriptedSession(services=[service()])
        supplied = SuppliedSession(session, lambda: files, compares=images)
        fleet = await look(
            [supplied], ScriptedPrefect(), Judge(), clock, memory, seconds=5, images=images
        )
        verdict, shown = fleet.verdict(key()), fleet.snapshot.service(key())
        assert verdict is not None
        assert shown is not None
        return verdict.sync, shown.differing_fields, session.calls["describe_service"]

    assert await words(images=False) == (Sync.UNKNOWN, None, 1)
    assert await words(images=True) == (Sync.SPEC_DIFFERS, ("worker.LIMIT",), 1)
    assert await words(images=True) == (Sync.SPEC_DIFFERS, ("worker.LIMIT",), 0)
    # Without it nothing is compared, and what was found out before is not lost.
    assert await words(images=False) == (Sync.UNKNOWN, None, 0)
    assert await words(images=True) == (Sync.SPEC_DIFFERS, ("worker.LIMIT",), 0)
    files.stamp, files.differing = "second", ()
    assert await words(images=True) == (Sync.IN_SYNC, (), 1)


def test_a_spec_that_was_read_again_keeps_what_was_found_out() -> None:
    before = RememberedSpec(ago(60), None, settled_at=ago(30), doubted_at=ago(20))
    after = to_remember(replace(service(), local_spec="x"), deployed_spec(), before, NOW)
    assert (after.settled_at, after.doubted_at) == (ago(30), ago(20))
    assert (after.read_at, after.local_spec) == (NOW, "x")

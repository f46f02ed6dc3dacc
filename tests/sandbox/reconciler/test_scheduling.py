"""Instances to nodes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.sandbox.families import GIB, Resources
from spcs_worker_tui.sandbox.reconciler.scheduling import Nodes

NODE = Resources(4.0, 8 * GIB, 1)
WANTED = st.builds(
    Resources,
    cpu=st.sampled_from([0.1, 0.5, 1.0, 3.0, 5.0]),
    memory=st.integers(0, 10).map(lambda gib: gib * GIB),
    gpu=st.integers(0, 2),
)


@given(st.lists(WANTED, max_size=40), st.data())
def test_no_node_ever_holds_more_than_it_has(wishes: list[Resources], data: st.DataObject) -> None:
    nodes = Nodes(NODE)
    for name in ("a", "b", "c"):
        nodes.add(name)
    held: dict[int, tuple[str, Resources]] = {}
    for tenant, wanted in enumerate(wishes):
        if (node := nodes.place(tenant, wanted)) is not None:
            held[tenant] = (node, wanted)
        if held and data.draw(st.booleans()):
            leaving = data.draw(st.sampled_from(sorted(held)))
            nodes.release(leaving)
            del held[leaving]
        for name in ("a", "b", "c"):
            used = sum((r for n, r in held.values() if n == name), Resources())
            assert NODE.lacking(used) is None
        assert nodes.work == len(held)
        assert set(nodes.empty()) == {"a", "b", "c"} - {node for node, _ in held.values()}


@given(st.lists(WANTED, max_size=30))
def test_as_many_nodes_as_asked_for_are_enough(wishes: list[Resources]) -> None:
    nodes = Nodes(NODE)
    for number in range(nodes.more_needed(wishes)):
        nodes.add(str(number))
    for tenant, wanted in enumerate(wishes):
        fits_at_all = NODE.lacking(wanted) is None
        assert (nodes.place(tenant, wanted) is not None) is fits_at_all


def test_what_is_lacking() -> None:
    nodes = Nodes(NODE)
    nodes.add("a")
    nodes.place(1, Resources(1.0, 7 * GIB, 1))
    assert nodes.lacking(Resources(1.0, 2 * GIB)) == "memory"
    assert nodes.lacking(Resources(1.0, GIB, 1)) == "GPU"
    assert nodes.lacking(Resources(3.5, GIB)) == "CPU"


def test_releasing_twice_or_what_has_no_place_is_nothing() -> None:
    nodes = Nodes(NODE)
    nodes.add("a")
    nodes.place(1, NODE)
    nodes.release(1)
    nodes.release(1)
    nodes.release(2)
    assert nodes.place(3, NODE) == "a"
    assert nodes.place(4, Resources(0.1)) is None

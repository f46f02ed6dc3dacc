"""What fits on a node, and what a container asks for (contract 1.10, 3.1)."""

from __future__ import annotations

from typing import Any

import pytest

from spcs_worker_tui.sandbox.families import (
    FAMILIES,
    GIB,
    Resources,
    instance_requests,
    limits,
    parse_cpu,
    parse_memory,
    requests,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1Gi", GIB), ("512Mi", GIB // 2), ("1G", 10**9), ("1.5M", 1_500_000)],
)
def test_memory(text: str, expected: int) -> None:
    assert parse_memory(text) == expected


@pytest.mark.parametrize("text", ["1", "", "Gi", "x1Gi", 5])
def test_memory_without_unit_or_number(text: object) -> None:
    with pytest.raises(ValueError, match=r"unit|could not convert"):
        parse_memory(text)


def test_cpu() -> None:
    assert [parse_cpu(text) for text in ("0.5", "500m", 2)] == [0.5, 0.5, 2.0]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, Resources(0.5, GIB // 2)),
        ({"requests": {"cpu": 1, "memory": "1Gi"}}, Resources(1.0, GIB)),
        ({"limits": {"cpu": 2, "memory": "4Gi"}}, Resources(2.0, 4 * GIB)),
        ({"limits": {"cpu": 0.1, "memory": "64Mi"}}, Resources(0.5, GIB // 2)),
        ({"limits": {"cpu": 2}, "requests": {"cpu": 1}}, Resources(1.0, GIB // 2)),
        ({"limits": {"nvidia.com/gpu": 1}}, Resources(0.5, GIB // 2, 1)),
    ],
)
def test_requests(resources: dict[str, Any], expected: Resources) -> None:
    assert requests({"resources": resources}) == expected


def test_limits_are_the_nodes_when_not_given_or_more() -> None:
    family = FAMILIES["CPU_X64_XS"]
    assert limits({}, family) == Resources(1.0, 6 * GIB)
    given = {"resources": {"limits": {"cpu": 9, "memory": "2Gi"}}}
    assert limits(given, family) == Resources(1.0, 2 * GIB)


def test_an_instance_is_the_sum_of_its_containers() -> None:
    assert instance_requests([{}, {}, {}]) == Resources(1.5, 3 * GIB // 2)


@pytest.mark.parametrize(
    ("wanted", "lacking"),
    [
        (Resources(1.0, GIB), None),
        (Resources(1.1, 9 * GIB), "CPU"),
        (Resources(1.0, 9 * GIB), "memory"),
        (Resources(1.0, GIB, 1), "GPU"),
    ],
)
def test_lacking(wanted: Resources, lacking: str | None) -> None:
    assert FAMILIES["CPU_X64_XS"].node.lacking(wanted) == lacking


def test_tenths_of_a_cpu_add_up() -> None:
    left = Resources(1.0, GIB)
    for _ in range(10):
        assert left.lacking(Resources(0.1)) is None
        left -= Resources(0.1)
    assert left.lacking(Resources(0.1)) == "CPU"

"""Instance families and what fits on one node (contract 1.10), and what a container asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GIB = 1024**3
_UNITS = {"Ki": 1024, "Mi": 1024**2, "Gi": GIB, "K": 1000, "M": 1000**2, "G": 1000**3}
_DEFAULT_CPU = 0.5
_DEFAULT_MEMORY = GIB // 2


@dataclass(frozen=True, slots=True)
class Resources:
    """An amount of vCPU, bytes of memory, and whole GPUs."""

    cpu: float = 0.0
    memory: int = 0
    gpu: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(self.cpu + other.cpu, self.memory + other.memory, self.gpu + other.gpu)

    def __sub__(self, other: Resources) -> Resources:
        return Resources(self.cpu - other.cpu, self.memory - other.memory, self.gpu - other.gpu)

    def lacking(self, wanted: Resources) -> str | None:
        """The first resource of which `wanted` needs more than there is here, or None."""
        # Sums of tenths are not exact in binary.
        if wanted.cpu > self.cpu + 1e-9:
            return "CPU"
        if wanted.memory > self.memory:
            return "memory"
        return "GPU" if wanted.gpu > self.gpu else None


@dataclass(frozen=True, slots=True)
class Family:
    """One instance family: what a service can use of one node."""

    name: str
    vcpu: int
    memory_gib: int
    gpu: str | None = None
    gpu_count: int = 0

    @property
    def node(self) -> Resources:
        """All of one node."""
        return Resources(self.vcpu, self.memory_gib * GIB, self.gpu_count)


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("CPU_X64_XS", 1, 6),
        Family("CPU_X64_S", 3, 13),
        Family("CPU_X64_M", 6, 28),
        Family("CPU_X64_SL", 14, 58),
        Family("CPU_X64_L", 28, 116),
        Family("HIGHMEM_X64_S", 6, 58),
        Family("HIGHMEM_X64_M", 28, 240),
        Family("HIGHMEM_X64_L", 124, 984),
        Family("GEN_X64_G2_2", 1, 6),
        Family("GEN_X64_G2_4", 3, 13),
        Family("GEN_X64_G2_8", 6, 28),
        Family("GEN_X64_G2_32", 28, 116),
        Family("GEN_ARM_G1_2", 1, 6),
        Family("GEN_ARM_G1_4", 3, 13),
        Family("GEN_ARM_G1_8", 6, 28),
        Family("GEN_ARM_G1_16", 14, 58),
        Family("GEN_ARM_G1_32", 28, 116),
        Family("MEM_X64_G2_8", 6, 58),
        Family("MEM_X64_G2_32", 28, 240),
        Family("MEM_X64_G2_64", 60, 492),
        Family("MEM_X64_G2_192", 188, 1436),
        Family("GPU_NV_S", 6, 28, "NVIDIA A10G", 1),
        Family("GPU_NV_M", 44, 178, "NVIDIA A10G", 4),
        Family("GPU_NV_L", 92, 1112, "NVIDIA A100", 8),
        Family("GPU_L40S_G1_8", 6, 58, "NVIDIA L40S", 1),
        Family("GPU_L40S_G1_16", 14, 116, "NVIDIA L40S", 1),
        Family("GPU_L40S_G1_48", 44, 368, "NVIDIA L40S", 4),
        Family("GPU_L40S_G1_192", 188, 1436, "NVIDIA L40S", 8),
    )
}
"""The families of AWS, by name; those whose figures the contract does not know are left out."""


def parse_cpu(quantity: object) -> float:
    """`0.5` or `500m` as vCPU (contract 3.1).

    Raises:
        ValueError: It is neither.
    """
    text = str(quantity)
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def parse_memory(quantity: object) -> int:
    """`512Mi`, `2G`, … as bytes; the unit is obligatory (contract 3.1).

    Raises:
        ValueError: It has no unit, or is no number.
    """
    text = str(quantity)
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return int(float(text[: -len(unit)]) * factor)
    raise ValueError(f"memory {text!r} has no unit")


def limits(container: Mapping[str, Any], family: Family) -> Resources:
    """The most that a container may use: what its spec says, but never more than the node."""
    given = _given(container, "limits")
    node = family.node
    return Resources(
        min(parse_cpu(given["cpu"]), node.cpu) if "cpu" in given else node.cpu,
        min(parse_memory(given["memory"]), node.memory) if "memory" in given else node.memory,
        int(given.get("nvidia.com/gpu", 0)),
    )


def requests(container: Mapping[str, Any]) -> Resources:
    """What a container is sure to get.

    Per resource, when not given: the greater of the default (0.5 vCPU; 0.5 GiB) and the limit
    that was given (contract 3.1).
    """
    asked, limit = _given(container, "requests"), _given(container, "limits")
    cpu = parse_cpu(asked["cpu"]) if "cpu" in asked else _DEFAULT_CPU
    memory = parse_memory(asked["memory"]) if "memory" in asked else _DEFAULT_MEMORY
    if "cpu" not in asked and "cpu" in limit:
        cpu = max(cpu, parse_cpu(limit["cpu"]))
    if "memory" not in asked and "memory" in limit:
        memory = max(memory, parse_memory(limit["memory"]))
    gpu = asked.get("nvidia.com/gpu", limit.get("nvidia.com/gpu", 0))
    return Resources(cpu, memory, int(gpu))


def instance_requests(containers: Iterable[Mapping[str, Any]]) -> Resources:
    """What one instance with these `spec.containers` needs on one node."""
    return sum((requests(container) for container in containers), Resources())


def _given(container: Mapping[str, Any], which: str) -> Mapping[str, Any]:
    resources: Mapping[str, Any] = container.get("resources") or {}
    return resources.get(which) or {}

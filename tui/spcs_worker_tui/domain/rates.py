"""What a node of a compute pool costs, in credits an hour (contract 8).

Rates of Snowflake's consumption table of 2026-01-13. What a credit costs depends on edition and
region, so these are never money. Families whose rate is not known are not in the table.
"""

from __future__ import annotations

from collections.abc import Mapping

CREDITS_AN_HOUR: Mapping[str, float] = {
    "CPU_X64_XS": 0.06,
    "CPU_X64_S": 0.11,
    "CPU_X64_M": 0.22,
    "CPU_X64_SL": 0.41,
    "CPU_X64_L": 0.83,
    "HIGHMEM_X64_S": 0.28,
    "HIGHMEM_X64_M": 1.11,
    "HIGHMEM_X64_SL": 2.93,
    "HIGHMEM_X64_L": 4.44,
    "GPU_NV_XS": 0.25,
    "GPU_GCP_NV_L4_1_24G": 0.43,
    "GPU_NV_S": 0.57,
    "GPU_NV_SM": 1.70,
    "GPU_GCP_NV_L4_4_24G": 1.94,
    "GPU_NV_M": 2.68,
    "GPU_NV_2M": 3.50,
    "GPU_NV_3M": 3.55,
    "GPU_GCP_NV_A100_8_40G": 11.68,
    "GPU_NV_SL": 13.50,
    "GPU_NV_L": 14.12,
}


def cost_words(family: str, min_nodes: int, max_nodes: int) -> str:
    """What an hour of a compute pool costs while it is up, in words.

    Args:
        family: Of its nodes.
        min_nodes: That are up whenever the pool is.
        max_nodes: It may grow to.
    """
    rate = CREDITS_AN_HOUR.get(family)
    if rate is None:
        return f"the rate of {family} is not known here: see Snowflake's consumption table"
    least, most = rate * min_nodes, rate * max_nodes
    amount = f"{least:.2f}" if min_nodes == max_nodes else f"{least:.2f} to {most:.2f}"
    return f"{amount} credits an hour while it is up"

"""A flow that fails when it is told to: for seeing what a failure looks like."""

from __future__ import annotations

from prefect import flow, get_run_logger, task


class QualityError(Exception):
    """Too many rows are not as they should be."""


@task(retries=1, retry_delay_seconds=1)
def measure(table: str, bad_rows: int, rows: int) -> float:
    """The share of rows that are not as they should be."""
    share = bad_rows / rows
    get_run_logger().info("%s: %d of %d rows are bad (%.1f %%)", table, bad_rows, rows, 100 * share)
    return share


@flow
def check_quality(
    table: str = "ORDERS", bad_rows: int = 3, rows: int = 1000, tolerated: float = 0.01
) -> float:
    """Fail when more than the tolerated share of rows is bad.

    Args:
        table: Only named in the log.
        bad_rows: How many rows are bad; 50 of 1000 fail the run.
        rows: How many rows there are.
        tolerated: The share that is not worth a failure.

    Raises:
        QualityError: The share is greater than tolerated.
    """
    share = measure(table, bad_rows, rows)
    if share > tolerated:
        raise QualityError(f"{table}: {share:.1%} of the rows are bad, {tolerated:.1%} tolerated")
    return share


if __name__ == "__main__":
    check_quality()

"""A longer flow in several steps, as loads are: good for watching, draining and cancelling."""

from __future__ import annotations

import time

from prefect import flow, get_run_logger, task


@task
def extract(batch: int, rows: int) -> list[int]:
    """Make up one batch of rows."""
    get_run_logger().info("Batch %d: extracted %d rows", batch, rows)
    return list(range(batch * rows, (batch + 1) * rows))


@task
def load(batch: int, rows: list[int], seconds: float) -> int:
    """Take as long as writing a batch would."""
    time.sleep(seconds)
    get_run_logger().info("Batch %d: loaded %d rows", batch, len(rows))
    return len(rows)


@flow
def load_table(
    table: str = "ORDERS", batches: int = 6, rows: int = 500, seconds_per_batch: float = 2.0
) -> int:
    """Load a table batch by batch.

    Args:
        table: Only named in the log.
        batches: How many batches.
        rows: Rows per batch.
        seconds_per_batch: How long one takes.
    """
    logger = get_run_logger()
    logger.info("Loading %s in %d batches", table, batches)
    loaded = sum(load(batch, extract(batch, rows), seconds_per_batch) for batch in range(batches))
    logger.info("Loaded %d rows into %s", loaded, table)
    return loaded


if __name__ == "__main__":
    load_table()

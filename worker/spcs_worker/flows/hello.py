"""The smallest flow worth looking at: three tasks, a few log lines, a few seconds."""

from __future__ import annotations

import platform
import time

from prefect import flow, get_run_logger, task


@task
def greet(name: str) -> str:
    """Say hello."""
    greeting = f"Hello, {name}, from {platform.node()}"
    get_run_logger().info(greeting)
    return greeting


@task
def count(text: str) -> int:
    """Count the letters of a text."""
    letters = sum(character.isalpha() for character in text)
    get_run_logger().info("%d letters", letters)
    return letters


@flow
def hello(names: tuple[str, ...] = ("Snowflake", "Prefect"), pause_seconds: float = 0.5) -> int:
    """Greet everybody and count the letters it took."""
    total = 0
    for name in names:
        total += count(greet(name))
        time.sleep(pause_seconds)
    get_run_logger().info("%d letters in all", total)
    return total


if __name__ == "__main__":
    hello()

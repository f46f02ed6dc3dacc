from __future__ import annotations

from datetime import timedelta

import pytest

from spcs_worker_tui.domain.age import humanise


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (8.4, "8 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (600, "10 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400, "1 d"),
        (360_000, "4 d 4 h"),
    ],
)
def test_spans_in_words(seconds: float, words: str) -> None:
    assert humanise(timedelta(seconds=seconds)) == words


def test_no_span() -> None:
    assert humanise(None) == "ever"

"""The terminal that the other tests look at."""

from __future__ import annotations

import sys

from support.terminal import Terminal

# More than one read takes in, and an end right behind it.
SCRIPT = "import os; os.write(1, b'word\\n' * 3000 + b'the last one'); os._exit(3)"


def test_the_last_words_of_a_program_are_seen() -> None:
    for _ in range(10):
        with Terminal([sys.executable, "-S", "-c", SCRIPT], {}, rows=10) as terminal:
            assert terminal.wait_exit(60) == 3
            assert terminal.raw.count(b"word") == 3000
            assert "the last one" in terminal.text

from __future__ import annotations

import pytest

from spcs_worker_tui.domain.text import in_sentences


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        ((), ""),
        (("", " "), ""),
        (("it is not there",), "it is not there"),
        (("it is not there", ""), "it is not there"),
        (("it is not there", "Look again."), "it is not there. Look again."),
        (("not authorized.", "Check the name."), "not authorized. Check the name."),
        (("what now?", "Look", "Ask"), "what now? Look. Ask"),
    ],
)
def test_between_sentences_is_one_full_stop(texts: tuple[str, ...], read: str):
    assert in_sentences(*texts) == read

"""Reading specifications."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from spcs_worker_tui.adapters.spec_yaml import read_spec


def test_specifications_are_read_in_several_threads_at_once() -> None:
    texts = [
        "spec:\n  containers:\n"
        + "".join(f"  - {{name: c{i}-{n}, env: {{A: '1'}}}}\n" for n in range(9))
        for i in range(40)
    ]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(read_spec, texts))

    assert together == [read_spec(text) for text in texts]

"""Lists that the Prefect API gives in pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from spcs_worker_tui.adapters.prefect import rows

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.http import PrefectHttp
    from spcs_worker_tui.adapters.prefect.rows import Row

PAGE = 200
"""The most that the server gives at a time (prefect-contract 2)."""

_WORKER_PAGES = 50
_QUEUE_PAGES = 2


async def all_rows(
    http: PrefectHttp, path: str, *, pages: int, chosen: Mapping[str, Any] | None = None
) -> list[Row]:
    """All rows of a list, up to so many pages.

    Args:
        http: The API.
        path: Of the list.
        pages: How many at most.
        chosen: A filter.

    Raises:
        PrefectError: One of its kinds.
    """
    found: list[Row] = []
    for page in range(pages):
        answer = await http.post(path, {**(chosen or {}), "limit": PAGE, "offset": page * PAGE})
        batch = rows.as_rows(answer.content)
        found += batch
        if len(batch) < PAGE:
            break
    return found


async def worker_rows(http: PrefectHttp, pool: str) -> list[Row]:
    """The workers of a pool, each once, newest heartbeat first.

    The server sorts them so (prefect-contract 2.3): one that beats while the pages are read goes
    to the front, where nobody looks any more. Those are asked for once more in the end.

    Raises:
        PrefectError: One of its kinds.
    """
    path = f"/work_pools/{quote(pool, safe='')}/workers/filter"
    found = await all_rows(http, path, pages=_WORKER_PAGES)
    newest = rows.text(found[0], "last_heartbeat_time") if found else ""
    if len(found) < PAGE or not newest:
        return found
    since = {"workers": {"last_heartbeat_time": {"after_": newest}}}
    moved = await all_rows(http, path, pages=_WORKER_PAGES, chosen=since)
    by_name: dict[str, Row] = {}
    for row in [*moved, *found]:
        by_name.setdefault(rows.text(row, "name"), row)
    return list(by_name.values())


async def queue_rows(http: PrefectHttp, names: Sequence[str]) -> Mapping[str, list[Row]]:
    """The queues of these pools: of all pools at once, unless there are too many.

    Raises:
        PrefectError: One of its kinds.
    """
    listed = await all_rows(http, "/work_queues/filter", pages=_QUEUE_PAGES)
    by_pool: dict[str, list[Row]] = {}
    if len(listed) < _QUEUE_PAGES * PAGE:
        for row in listed:
            by_pool.setdefault(rows.text(row, "work_pool_name"), []).append(row)
        for own in by_pool.values():
            own.sort(key=lambda row: rows.number(row, "priority") or 0)
        return by_pool
    paths = (f"/work_pools/{quote(name, safe='')}/queues/filter" for name in names)
    answers = await together(*(all_rows(http, path, pages=1) for path in paths))
    return dict(zip(names, answers, strict=True))


async def together(*asked: Any) -> list[Any]:
    """All answers; at the first failure the others are cancelled and that failure is raised."""
    tasks = [asyncio.ensure_future(one) for one in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

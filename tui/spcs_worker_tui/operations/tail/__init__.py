"""The exact log tail: what a service's containers write, no line twice, none lost in silence.

window      one life of one container: what an answer adds to what was seen (pure)
container   one container: asks, widens, notices restarts and gaps
merge       all containers by the server's time, with a short hold-back (pure)
follower    one service: who takes part, how often to ask, what went wrong
rows        one service's rows for a tail outside of the dashboard
"""

from spcs_worker_tui.operations.tail.follower import LogFollower, TailTiming
from spcs_worker_tui.operations.tail.rows import WatchedRows, last_lines

__all__ = ["LogFollower", "TailTiming", "WatchedRows", "last_lines"]

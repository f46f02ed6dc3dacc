"""Giving a service another image or specification, or creating it, and seeing it through.

wish        what is wanted of a service; made from the project's settings
images      which image that means, and which digest
present     what is there now
planner     the difference, and the plan that removes it
steps       what does the plan's steps
record      keeps it in the history
seeing      sees the service through to where it works
rollout     whether every instance runs the new specification
heartbeats  whether every worker beats in Prefect
words       log lines meanwhile, and the last words of a container that failed
tools       what all of it needs from outside
"""

from spcs_worker_tui.operations.update.planner import PlannedUpdate, Updates
from spcs_worker_tui.operations.update.tools import Tools, UpdateTiming
from spcs_worker_tui.operations.update.wish import Wish, wish_for

__all__ = ["PlannedUpdate", "Tools", "UpdateTiming", "Updates", "Wish", "wish_for"]

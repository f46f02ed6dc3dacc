"""The engine of plans: a plan and the actions that do its steps, applied one after the other."""

from spcs_worker_tui.operations.apply.action import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.engine import Engine, PlannedChange
from spcs_worker_tui.operations.apply.ground import ServiceGround

__all__ = ["Action", "Engine", "Outcome", "PlannedChange", "ServiceGround", "Tell"]

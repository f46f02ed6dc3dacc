"""Looking for what is wrong, all at once, and what to do about it."""

from spcs_worker_tui.operations.doctor.connections import ConnectionLooks
from spcs_worker_tui.operations.doctor.doctor import Doctor
from spcs_worker_tui.operations.doctor.examine import Look, examine

__all__ = ["ConnectionLooks", "Doctor", "Look", "examine"]

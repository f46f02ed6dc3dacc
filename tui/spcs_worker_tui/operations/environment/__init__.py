"""A service's environment variables: shown, compared, and changed in one plan.

edits        what a document becomes by edits, and which secrets get a value
secrets      which Snowflake secret a value goes into, and the steps that put it there
images       keeps a change of variables from rolling out another image
planner      the plan: secrets, then the specification, or a restart where only secrets change
comparing    the deployed variables against a project's or a .env file's
"""

from spcs_worker_tui.operations.environment.planner import Environments

__all__ = ["Environments"]

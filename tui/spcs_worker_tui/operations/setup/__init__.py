"""Setting an account up for a worker, and taking that down again.

scripts     the files under `sql/`, read, filled in and taken apart as `snow sql -f` does
words       what one of their statements is about
facts       what is there, as one session sees it
actors      which role may send a statement
survey      what is there, what is made and what is lacking
tools       what all of it needs from outside
steps       the steps of the plan, each with what does it
deploying   the deployment within the plan, which can only be planned once its surroundings exist
plans       the plan that sets up
teardown    the plan that takes down
"""

from spcs_worker_tui.operations.setup.plans import Setup
from spcs_worker_tui.operations.setup.survey import survey
from spcs_worker_tui.operations.setup.teardown import Teardown
from spcs_worker_tui.operations.setup.tools import SetupTools

__all__ = ["Setup", "SetupTools", "Teardown", "survey"]

"""Setting an account up for a worker, and taking that down again.

answers         what an environment of the settings answers
scripts         the files under `sql/`, read, filled in and taken apart as `snow sql -f` does
words           what one of their statements is about
facts           what is there, as one session sees it
actors          which role may send a statement
account_pieces  what of the account is there, is made or is lacking
survey          the same of everything
tools           what all of it needs from outside
steps           the steps of the plan, each with what does it
deploying       the deployment within the plan, which is planned once its surroundings exist
plans           the plan that sets up
teardown        the plan that takes down
"""

from spcs_worker_tui.operations.setup.plans import Setup
from spcs_worker_tui.operations.setup.survey import survey
from spcs_worker_tui.operations.setup.teardown import Teardown
from spcs_worker_tui.operations.setup.tools import SetupTools

__all__ = ["Setup", "SetupTools", "Teardown", "survey"]

"""What a page of the wizard is: a few texts, perhaps a list, perhaps fields. Knows no widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from spcs_worker_tui.ui.format import UNICODE, Glyphs
from spcs_worker_tui.ui.lines import Cell, Line, wrap

if TYPE_CHECKING:
    from spcs_worker_tui.domain.account import Standing
    from spcs_worker_tui.domain.setup import Survey
    from spcs_worker_tui.domain.wizard import SetupDesk
    from spcs_worker_tui.operations.wizard.draft import Draft
    from spcs_worker_tui.ui.modals.choice import Item


class Stage(Enum):
    """The steps at the left, in their order, with the answer that sums each one up."""

    CONNECTION = ("Snowflake connection", "connection")
    ROLE = ("Role", "role")
    PREFECT = ("Prefect", "prefect_words")
    WORK_POOL = ("Work pool", "work_pool")
    PLACES = ("Places", "place_words")
    IMAGE = ("Image", "image_words")
    PLAN = ("Plan", "")
    PROGRESS = ("Progress", "")
    DONE = ("Done", "")

    def __init__(self, title: str, answer: str) -> None:
        self.title = title
        self.answer = answer

    @property
    def number(self) -> int:
        """From 1 on."""
        return list(Stage).index(self) + 1


@dataclass(frozen=True, slots=True)
class SetupField:
    """One value to be typed, or to be chosen among a few.

    Attributes:
        name: Under which it is handed in.
        value: What it begins with.
        choices: Values with their words; empty for one that is typed.
        is_secret: Never shown, and never kept in the draft.
        can_miss: It may stay empty, so that enter does not stop there.
    """

    name: str
    label: str
    value: str = ""
    placeholder: str = ""
    choices: Sequence[tuple[str, str]] = ()
    is_secret: bool = False
    can_miss: bool = False


Values = Mapping[str, str]


class Move(Enum):
    """Where an answer leads that leads to no page."""

    BACK = "back"
    LEAVE = "leave"
    DASHBOARD = "dashboard"


@dataclass(slots=True)
class SetupState:
    """What all pages share.

    Attributes:
        desk: The way outside.
        draft: The answers so far.
        now: Our own clock.
    """

    desk: SetupDesk
    draft: Draft
    now: Callable[[], datetime]
    glyphs: Glyphs = UNICODE
    standing: Standing | None = None
    survey: Survey | None = None
    prefect_said: str = ""
    passed: set[Stage] = field(default_factory=set)


class Page:
    """One page. A subclass says what is on it, and where its answer leads.

    Args:
        state: Shared by all pages.
    """

    stage: Stage = Stage.CONNECTION
    title = ""
    busy = "Checking."
    """What goes on while it is loaded, and while its answer is checked."""

    def __init__(self, state: SetupState) -> None:
        self.state = state
        self.kept: dict[str, str] = {}
        """What stood in its fields when it was left; nothing secret."""

    @property
    def name(self) -> str:
        """Under which what was typed on it is kept."""
        return type(self).__name__

    @property
    def draft(self) -> Draft:
        """The answers so far."""
        return self.state.draft

    async def load(self) -> None:
        """Find out what has to be known before it can be shown.

        Raises:
            FleetError: That did not work; the page is shown with the sentence, and can be retried.
        """

    def lines(self, room: int) -> list[Line]:
        """What is to be read, in lines of `room` cells."""
        del room
        return []

    def items(self) -> Sequence[Item]:
        """What is to be chosen from."""
        return ()

    def start(self) -> int:
        """Where the cursor begins in the list."""
        return 0

    def fields(self, values: Values) -> Sequence[SetupField]:
        """What is to be filled in.

        Args:
            values: What the fields hold now; empty at first. Which fields there are may depend on
                what was chosen in one.
        """
        del values
        return ()

    def needs_person(self, item: str, values: Values) -> bool:
        """Whether handing it in opens a browser or asks at the terminal."""
        del item, values
        return False

    def copied(self) -> str:
        """What the key that copies takes; empty where there is nothing."""
        return ""

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Check the answers and say where to go; None to stay.

        Args:
            item: The name of the chosen item; empty without a list.
            values: The fields.

        Raises:
            FleetError: Something is wrong; the page says so and stays.
        """
        raise NotImplementedError


def told(text: str, room: int, tone: str = "ink") -> list[Line]:
    """A paragraph."""
    return [(Cell(part, tone),) for part in wrap(text, room)] if text else [()]


def marked(sign: str, tone: str, text: str, room: int, ink: str = "ink") -> list[Line]:
    """A paragraph behind a sign."""
    first, *others = wrap(text, room - 2)
    lines: list[Line] = [(Cell(f"{sign} ", f"{tone} bold"), Cell(first, ink))]
    return [*lines, *((Cell("  ", ""), Cell(other, ink)) for other in others)]

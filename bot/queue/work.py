"""What a queue runs, and how it says that it could not be done."""

import random
from collections.abc import Awaitable, Callable

from bot.job import Job

Work = Callable[[Job], Awaitable[str]]
"""Returns, when the job is done, how it ended in a word; or raises Postpone, TryAgain or GiveUp."""
TRIES = 8
"""How often a job is started before it is given up when it fails."""
CRASHES = 20
"""How often when each time the process came to its end: seldom the fault of one of its jobs."""


class Postpone(Exception):  # noqa: N818  an outcome, not a mishap
    """The work cannot be done before so many seconds, through no fault of its own."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"postponed for {seconds:.0f} s")
        self.seconds = seconds


class TryAgain(Exception):  # noqa: N818  an outcome, not a mishap
    """The work failed for a reason that may pass: it is tried again, later and later."""


class GiveUp(Exception):  # noqa: N818  an outcome, not a mishap
    """The work failed and would again: the job becomes a dead letter."""


def pause_after(tries: int) -> float:
    """Seconds to wait after so many tries: 10 s to 1 h, with jitter; 8 tries take 3 hours."""
    return min(10.0 * 4.0 ** (tries - 1), 3600.0) * random.uniform(0.75, 1.25)  # noqa: S311

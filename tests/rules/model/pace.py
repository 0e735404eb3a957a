"""CPU time, told as an idle machine would need it: tests run beside others and under coverage."""

import time
from collections.abc import Callable
from functools import cache

from rules.model.shell import read

ORDINARY = (
    "apt-get update && apt-get install -y --no-install-recommends curl 'a b' \"$C\"; cd /x\n" * 400
)
IDLE = 0.03
"""Seconds that an idle machine needs to read it (one core of a server of 2024, Python 3.11)."""


def seconds(work: Callable[[], object], limit: float) -> float:
    """The best of three tries (one is enough when it stays within the limit), slowness taken out."""
    best = _spent(work)
    for _ in range(2):
        if best <= limit:
            return best
        best = min(best, _spent(work) / _slowness())
    return best


@cache
def _slowness() -> float:
    return max(1.0, min(_spent(lambda: read(ORDINARY)) for _ in range(5)) / IDLE)


def _spent(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started

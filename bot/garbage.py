"""When Python looks for garbage that its counts of references do not find."""

import asyncio
import gc

STEPS = (5_000, 5, 200)
"""By its own steps it would go through all that is alive every few dozen reviews, half a second in
which nothing is answered; one of these takes 20 ms."""
ALL = 60.0
"""Seconds between two times that a service looks among all that is alive."""


def look_seldom() -> None:
    """Look for it in these steps from now on, and not among what is loaded by now."""
    gc.freeze()
    gc.set_threshold(*STEPS)
    gc.enable()


async def look_now_and_then() -> None:
    """Look for all of it once a minute, else what fell between the steps would add up."""
    while True:
        await asyncio.sleep(ALL)
        gc.collect()

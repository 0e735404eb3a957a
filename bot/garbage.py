"""When Python looks for garbage that its counts of references do not find."""

import gc

STEPS = (5_000, 5, 200)
"""By its own steps it would go through all that is alive every few dozen reviews, half a second in
which nothing is answered; one of these takes 20 ms."""


def look_seldom() -> None:
    """Look for it in these steps from now on, and not among what is loaded by now."""
    gc.freeze()
    gc.set_threshold(*STEPS)
    gc.enable()

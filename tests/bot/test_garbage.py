"""Garbage that counts of references do not find, in a process of its own: it changes the process."""

import subprocess
import sys

SCRIPT = """
import asyncio, gc, weakref
from bot import garbage, service

class Knot:
    def __init__(self):
        self.me = self

async def main():
    garbage.look_seldom()
    service.ALL_GARBAGE = 0.01
    old = Knot()
    seen = weakref.ref(old)
    gc.collect(1)
    gc.collect(1)  # among the old now
    del old
    tending = asyncio.create_task(service._look_for_garbage())
    await asyncio.sleep(0.2)
    tending.cancel()
    print(gc.get_threshold() == garbage.STEPS, gc.get_freeze_count() > 0, seen())

asyncio.run(main())
"""


def test_a_service_looks_among_what_has_grown_old_too():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True True None\n"

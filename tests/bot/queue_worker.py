"""A worker process for tests: `python -m tests.bot.queue_worker URL JOURNAL SECONDS`.

Each job takes so many seconds; the journal gets a line when it begins and one when it ends.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from bot.job import Job
from bot.queue import Queue


async def main(url: str, journal: Path, seconds: float) -> None:
    def write(word: str, job: Job) -> None:
        with journal.open("a") as file:  # one write, so that lines of two processes do not mix
            file.write(f"{time.time()} {os.getpid()} {word} {job.pull_request} {job.head}\n")

    async def work(job: Job) -> None:
        write("begin", job)
        await asyncio.sleep(seconds)
        write("end", job)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Queue(url, work, poll=0.05, grace=0.2):
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))

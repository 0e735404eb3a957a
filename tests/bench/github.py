"""A stand-in GitHub in a process of its own: `python -m tests.bench.github OWNERS PULLS MS FILE`.

So many owners, each with the App installed on one repository with so many pull requests that
touch a Dockerfile; each answer takes so many milliseconds. The deliveries that open them are
written to FILE, one body in a line. Prints where it is and the App's credentials, and then, for
each line that it reads, what has been posted.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.github import StandIn, description
from tests.github.faults import Fault

DOCKERFILE = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
FILES = {
    "requirements.txt": "flask\nrequests\n",
    **{f"src/package_{n}/module.py": "print()\n" for n in range(60)},
}
LIMITS = (
    "requests_per_hour",
    "graphql_points_per_hour",
    "points_per_minute",
    "graphql_points_per_minute",
)
ACTIONS = ("opened", "synchronize", "reopened", "ready_for_review")


class Distance(list[Fault]):
    """The way to GitHub and back, for every request."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __iter__(self) -> Iterator[Fault]:
        if self._seconds:
            yield Fault("slow", seconds=self._seconds)


async def main(owners: int, each: int, milliseconds: float, file: Path) -> None:
    os.nice(5)  # GitHub's machines are others: what is measured does not wait for this one
    # what the description says of each answer is for tests: it takes longer than the answer
    description.faults_of_answer = lambda *_: []
    description.faults_of_request = lambda *_: []
    description.faults_of_delivery = lambda *_: []
    async with await StandIn.start() as github:
        app = github.add_app()
        pulls = []
        for owner in range(owners):
            repository = github.add_repository(f"owner-{owner}/shop", installed=app)
            repository.commit("main", FILES)
            for number in range(each):
                text = DOCKERFILE + f"LABEL number={number}\n"
                repository.commit(f"b{number}", {"Dockerfile": text})
                pulls.append(repository.open_pull_request(f"b{number}"))
        with file.open("w", encoding="utf-8") as out:
            for action in ACTIONS:
                for pull in pulls:
                    delivery = github.delivery("pull_request", pull, action=action)
                    out.write(delivery.body.decode() + "\n")
        github.faults = Distance(milliseconds / 1000)
        for name in LIMITS:
            setattr(github.limits, name, 10**6)
        credentials = {
            "url": github.url,
            "id": app.id,
            "key": app.private_key,
            "secret": app.secret,
        }
        print(json.dumps(credentials), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            reviews = Counter(len(pull.reviews) for pull in pulls)
            runs = Counter(len(pull.check_runs) for pull in pulls)
            print(json.dumps({"reviews": reviews, "check_runs": runs,
                              "requests": len(github.requests)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])))

"""A normal month: the last commits of real repositories, each as a pull request to the real webhook.

    python -m tests.bench.month --repos DIR [--repositories 15] [--commits 100]

DIR holds git clones. Prints for each repository how many pull requests had a Dockerfile, how many
comments they got in all, how many of those were said again when the same event came twice, a push
moved on, or all suggestions were committed, how many comments that brought of what was not said
before, how many suggestions or reviews GitHub would have refused, and requests a pull request:
without tokens and counts of commits, which are kept for an hour, and how many of those with a
Dockerfile took more than five.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import comment
from bot.job import Job
from bot.webhook import answer
from tests.bot.ears import Bot, listen
from tests.github import StandIn
from tests.github.pulls import PullRequest
from tests.github.server import Request
from tests.github.standin import PERMISSIONS
from tests.github.suggestions import SuggestionRefused


@dataclass
class Month:
    """What came of the pull requests of one repository; `costs` are requests of each."""

    name: str
    pulls: int = 0
    relevant: int = 0
    commented: int = 0
    comments: int = 0
    suggestions: int = 0
    repeated: int = 0
    later: int = 0
    refused: int = 0
    failed: int = 0
    costly: int = 0
    costs: list[int] = field(default_factory=list)
    without: list[int] = field(default_factory=list)

    def row(self) -> str:
        def mean(numbers: list[int]) -> str:
            return f"{sum(numbers) / len(numbers):.1f}" if numbers else "-"

        return (
            f"| {self.name} | {self.pulls} | {self.relevant} | {self.commented} | {self.comments} "
            f"| {self.suggestions} | {self.repeated} | {self.later} | {self.refused} | {self.failed} "
            f"| {mean(self.without)} | {mean(self.costs)} | {self.costly} |"
        )


MOST_REQUESTS = 5
_COLUMNS = (
    "repository", "pull requests", "with a Dockerfile", "commented", "comments", "suggestions",
    "repeated", "later", "refused", "failed", "requests without", "requests with",
    f"of these more than {MOST_REQUESTS}",
)  # fmt: skip
HEAD = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}"


class Replayer:
    """Posts signed deliveries to the webhook and does the jobs that it stores."""

    def __init__(self, github: StandIn, bot: Bot, url: str, jobs: list[Job]) -> None:
        self.github, self.bot, self.url, self.jobs = github, bot, url, jobs

    async def tell(self, pull: PullRequest, action: str) -> None:
        told = self.github.delivery("pull_request", pull, action=action, app=self.bot.app)
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=told.body, headers=told.headers) as response,
        ):
            assert response.status == 202, response
        while self.jobs:
            await self.bot.worker(self.jobs.pop())

    async def replay(self, clone: Path, count: int) -> Month:
        name = clone.name.replace("+", "/")
        month = Month(name)
        directory = clone / ".git" if (clone / ".git").is_dir() else clone
        repository = self.github.add_repository(name, installed=self.bot.app, clone=directory)
        for commit in reversed(commits(directory, count)):
            parent = git(directory, "rev-parse", f"{commit}^1").strip()
            repository.branches |= {"main": parent, "change": commit}
            repository.default_branch = "main"
            pull = repository.open_pull_request("change", "main", author="maria")
            repository.permissions["maria"] = "write"
            self.github.requests.clear()
            month.pulls += 1
            try:
                await self.tell(pull, "opened")
            except Exception as error:  # noqa: BLE001  one pull request must not stop the month
                print(f"{name} {commit}: {error!r}", file=sys.stderr)
                month.failed += 1
                pull.close()
                continue
            asked = [r for r in self.github.requests if not kept(r)]
            relevant = len(asked) > 1 and any(
                r.method == "POST" and "check-runs" in r.path for r in asked
            )
            (month.costs if relevant else month.without).append(len(asked))
            month.relevant += relevant
            month.costly += relevant and len(asked) > MOST_REQUESTS
            month.refused += sum(r.status == 422 for r in asked)
            said = len(pull.comments)
            month.comments += said
            month.commented += bool(said)
            if said:
                await self.after(pull, month)
            pull.close()
        return month

    async def after(self, pull: PullRequest, month: Month) -> None:
        """The same event again, and a push; then all suggestions at once, as a person would."""
        before = {each.id for each in pull.comments}
        said = {fp for each in pull.comments for fp in comment.fingerprints(each.body)}
        await self.tell(pull, "reopened")
        pull.push({"a file of no importance.txt": "x\n"})
        await self.tell(pull, "synchronize")
        offered = [c for c in pull.comments if "```suggestion" in c.body]
        month.suggestions += len(offered)
        if offered:
            try:
                pull.apply_suggestions([c.id for c in offered], "maria")
            except SuggestionRefused as error:
                print(f"{month.name} #{pull.number}: {error}", file=sys.stderr)
                month.refused += 1
            await self.tell(pull, "synchronize")
        for each in pull.comments:
            if each.id not in before:
                again = not said.isdisjoint(comment.fingerprints(each.body))
                month.repeated += again
                month.later += not again


def kept(request: Request) -> bool:
    """Whether a request's answer is kept for an hour."""
    return "access_tokens" in request.path or "history(" in str(request.body)


def commits(directory: Path, count: int) -> list[str]:
    """The last commits of the first-parent line that have a parent here; the newest first."""
    asked = ("rev-list", "--first-parent", "--min-parents=1", f"-{count}", "HEAD")
    return git(directory, *asked).split()


def git(directory: Path, *arguments: str) -> str:
    command = ["git", "--git-dir", str(directory), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def choose(folder: Path, most: int, count: int) -> list[Path]:
    """Clones that are old enough, spread evenly over the alphabet."""
    old = [each for each in sorted(folder.iterdir()) if each.is_dir() and enough(each, count)]
    return old[:: max(len(old) // most, 1)][:most]


def enough(clone: Path, count: int) -> bool:
    directory = clone / ".git" if (clone / ".git").is_dir() else clone
    try:
        whole = " BAD\t" not in git(directory, "ls-tree", "-r", "-l", "HEAD")  # a partial clone
        return whole and len(commits(directory, count)) == count
    except subprocess.CalledProcessError:
        return False


async def run(folder: Path, most: int, count: int) -> None:
    jobs: list[Job] = []

    async def put(job: Job) -> bool:
        jobs.append(job)
        return True

    print(HEAD, flush=True)
    months = []
    for clone in choose(folder, most, count):
        async with await StandIn.start() as github:
            app = github.add_app(permissions={**PERMISSIONS, "contents": "write"})

            async def take(request: web.Request) -> web.Response:
                return await answer(request, app.secret, put)  # noqa: B023  used up in this turn

            hook = web.Application(client_max_size=2**26)
            hook.router.add_post("/webhook", take)
            github.limits.requests_per_hour = github.limits.graphql_points_per_hour = 10**9
            github.limits.points_per_minute = github.limits.graphql_points_per_minute = 10**9
            github.limits.content_per_minute = github.limits.content_per_hour = 10**9
            async with listen(github, app) as bot, TestServer(hook) as server:
                replayer = Replayer(github, bot, str(server.make_url("/webhook")), jobs)
                started = time.monotonic()
                month = await replayer.replay(clone, count)
                months.append(month)
                print(f"{month.row()} {time.monotonic() - started:.0f} s", flush=True)
            if github.violations:
                print(f"{month.name}: {github.violations[:3]}", file=sys.stderr)
    total = Month("all")
    for month in months:
        for name in ("pulls", "relevant", "commented", "comments", "suggestions", "repeated", "later",
                     "refused", "failed", "costly", "costs", "without"):  # fmt: skip
            setattr(total, name, getattr(total, name) + getattr(month, name))
    print(total.row())
    replayed = max(total.pulls - total.failed, 1)
    print(f"{100 * total.comments / replayed:.2f} comments in 100 pull requests")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--repositories", type=int, default=15)
    parser.add_argument("--commits", type=int, default=100)
    chosen = parser.parse_args()
    asyncio.run(run(chosen.repos, chosen.repositories, chosen.commits))


if __name__ == "__main__":
    main()

"""What a review costs in requests, counted on the stand-in. `pytest -s` prints README's table."""

from collections import Counter
from pathlib import Path

import pytest
from multidict import CIMultiDict

from bot import reviewer
from bot.config import PATH
from bot.github import GitHub
from bot.github.client import Client
from bot.webhook import read_job, receive
from tests.bot.ears import FIXED, NAIVE, SOURCE, naive
from tests.bot.serving import ROOT

README = Path(ROOT, "README.md")

GOOD = "FROM python:3.12\nWORKDIR /app\nCOPY main.py ./\n"
NAMES = {
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/files": "files",
    "GET /repos/{owner}/{repo}/git/trees/{tree_sha}": "tree",
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews": "review",
    "POST /repos/{owner}/{repo}/check-runs": "check run",
    "POST /app/installations/{installation_id}/access_tokens": "token",
}
KINDS = {
    "mutation": "what is taken back",
    "history(": "history",
    "...conversation": "conversation and texts",
    "organisation:": "settings",
    "b0:": "texts",
}
AMORTISED = ("token", "history", "settings")
"""A token lives an hour, counts of commits are kept as long, settings for ten minutes."""


def name(request) -> str:
    if request.endpoint != "POST /graphql":
        return NAMES[request.endpoint]
    return next(kind for mark, kind in KINDS.items() if mark in request.body["query"])


class Depth:
    """How many requests wait for the answer to another: what is asked for side by side is one.

    That two writes are a second apart, as GitHub wants it, is no waiting for an answer.
    """

    def __init__(self, monkeypatch) -> None:
        self.steps = self.running = 0
        send = Client._send

        async def counted(client, method, url, headers, body, *, write):
            how = {"write": write}
            if "access_tokens" in url or b"history(" in body:
                return await send(client, method, url, headers, body, **how)
            self.steps += not self.running
            self.running += 1
            try:
                return await send(client, method, url, headers, body, **how)
            finally:
                self.running -= 1

        monkeypatch.setattr(Client, "_send", counted)


class Table:
    """What each kind of pull request cost."""

    def __init__(self, bot, github, depth) -> None:
        self.bot, self.github, self.depth = bot, github, depth
        self.rows = ["| pull request | requests | in sequence | which |", "|---|---|---|---|"]

    async def cost(self, words, pull, action="opened") -> tuple[int, int]:
        since, self.depth.steps = len(self.github.requests), 0
        await self.bot.hear("pull_request", pull, action)
        asked = Counter(map(name, self.github.requests[since:]))
        once = [each for each in AMORTISED if asked.pop(each, 0)]
        which = ", ".join(f"{n} {each}" if n > 1 else each for each, n in asked.items())
        which += f"; once in a while: {', '.join(once)}" if once else ""
        self.rows.append(f"| {words} | {asked.total()} | {self.depth.steps} | {which} |")
        return asked.total(), self.depth.steps


async def test_what_a_pull_request_costs(bot, repository, github, monkeypatch):
    table = Table(bot, github, Depth(monkeypatch))

    repository.commit("warm", {"Dockerfile": NAIVE + "# warm\n"})
    await table.cost("a repository's first", repository.open_pull_request("warm"))
    bot.worker._memory.blobs.clear()
    bot.worker._memory.asked.clear()

    pull = naive(repository)
    assert await table.cost("a Dockerfile, a comment, no text kept", pull) == (5, 3)
    pull.push({"main.py": "z\n"})
    assert await table.cost("a push, nothing new", pull, "synchronize") == (4, 3)
    pull.push({"Dockerfile": FIXED})
    requests, _ = await table.cost("a push that fixes it", pull, "synchronize")
    assert requests <= 7  # each thing that is taken back is a write
    assert await table.cost("closed", pull, "closed") == (0, 0)

    repository.commit("none", {"main.py": "x\n"})
    assert await table.cost("no Dockerfile", repository.open_pull_request("none")) == (1, 1)
    many = {f"src/{n}.py": "x\n" for n in range(250)}
    repository.commit("many", many)
    assert await table.cost("no Dockerfile, 250 files", repository.open_pull_request("many")) == (3, 3)  # fmt: skip

    repository.commit("good", {"Dockerfile": GOOD + "# good\n", "main.py": "y\n"})
    good = repository.open_pull_request("good")
    assert await table.cost("a Dockerfile, nothing to say", good) == (4, 3)

    repository.commit("more", {"Dockerfile": NAIVE + "# more\n", "requirements.txt": "django\n"})
    more = repository.open_pull_request("more")
    assert await table.cost("a Dockerfile, a comment", more) == (5, 3)

    files = {f"scripts/{n}/build.sh": f"echo {n}\n" for n in range(3)}
    repository.commit("main", {**files, "compose/web/compose.yaml": "services: {}\n"})
    repository.commit("new", {"Dockerfile": NAIVE + "# new\n"})
    new = repository.open_pull_request("new")
    assert await table.cost("the same, with texts that nobody could guess", new) == (6, 4)
    repository.commit("last", {"Dockerfile": NAIVE + "# last\n"})
    last = repository.open_pull_request("last")
    assert await table.cost("the same, these texts being kept", last) == (5, 3)

    print("", *table.rows, sep="\n")
    assert "\n".join(table.rows) in README.read_text()  # noqa: ASYNC240


async def test_settings_are_asked_for_once_in_ten_minutes(bot, repository, github):
    repository.commit("main", {PATH: "check: always"})
    for n in range(3):
        repository.commit(f"b{n}", {"main.py": f"{n}\n"})
        await bot.opened(repository.open_pull_request(f"b{n}"))
    assert len(github.asked("POST /graphql")) == 1
    assert len(github.asked("/check-runs")) == 3


async def test_texts_whose_bytes_graphql_does_not_give_are_read_exactly(bot, repository, github):
    """GraphQL replaces what is no UTF-8: such a text is not kept from the first request."""
    latin = {**SOURCE, "requirements.txt": "flask # ol\xe9\n".encode("latin-1")}
    repository.commit("main", latin)
    await bot.opened(naive(repository))
    assert len(github.asked("/git/blobs/")) == 1


@pytest.mark.parametrize("how", ["fork", "own"])
async def test_a_head_that_moved_before_we_looked_is_read_anew(bot, repository, github, how):
    fork = github.fork(repository, "rita") if how == "fork" else None
    (fork or repository).commit("feature", {"Dockerfile": GOOD})
    pull = repository.open_pull_request("feature", fork=fork)
    told = github.delivery("pull_request", pull, action="opened")
    pull.push({"Dockerfile": NAIVE})
    await bot.worker(read_job(receive(CIMultiDict(told.headers), told.body, bot.app.secret)))
    assert [said.line for said in pull.comments] == [4]


async def test_a_push_after_the_files_were_read_has_them_read_anew(bot, repository, monkeypatch):
    repository.commit("feature", {"Dockerfile": GOOD})
    pull = repository.open_pull_request("feature")
    read = GitHub.changes

    async def changes(github, *which):
        found = await read(github, *which)
        if pull.text("Dockerfile") == GOOD:
            pull.push({"Dockerfile": NAIVE})
        return found

    monkeypatch.setattr(GitHub, "changes", changes)
    await bot.opened(pull)
    assert [said.line for said in pull.comments] == [4]


def test_the_rounds_of_reading_are_bounded():
    assert reviewer.ROUNDS <= 6

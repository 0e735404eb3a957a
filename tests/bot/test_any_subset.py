"""Whatever Dockerfile a pull request brings: any of our suggestions can be committed, none harms."""

import asyncio
import itertools
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import rules
from bot import comment
from rules.model.cache import Build, Change, rerun
from rules.model.dockerfile import parse
from rules.model.repository import Repository
from tests.bot.ears import IGNORED, listen
from tests.github import StandIn
from tests.github.pulls import PullRequest

FILES = {"main.py": "x\n", "requirements.txt": "flask\n", "package.json": '{"name": "x"}\n',
         "package-lock.json": "{}\n", "src/a.js": "x\n", "run.sh": "exec true\n"}  # fmt: skip
LINES = [
    "FROM python:3.12-slim", "FROM node:22 AS web", "WORKDIR /app", "COPY . .", "COPY . /app",
    "COPY requirements.txt ./", "COPY src ./src", "COPY --from=web /app /web", "USER app",
    "ENV A=1", "ARG COMMIT=none", "ARG COMMIT", "LABEL commit=$COMMIT", "# a comment", "", "EXPOSE 80",
    "RUN pip install -r requirements.txt", "RUN pip install --no-cache-dir -r requirements.txt",
    "RUN npm ci", "RUN npm ci && npm run build", "RUN make", "RUN useradd app", "RUN chmod +x run.sh",
    "RUN apt-get update", "RUN apt-get install -y curl", "RUN chown -R app:app /app",
    "RUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*",
    "RUN apt-get update && \\\n    # why\n    apt-get install -y \\\n      gcc \\\n      make",
    "RUN --mount=type=cache,target=/root/.cache/pip pip install flask", "RUN <<E\npip install x\nE",
    'CMD ["python", "main.py"]',
]  # fmt: skip
LINE = st.sampled_from(LINES)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(0, 12), LINE),
        st.tuples(st.sampled_from(["delete", "swap"]), st.integers(0, 12), st.just("")),
    ),
    max_size=6,
)
WORK = [re.compile(words) for words in [
    r"COPY (?:--\S+ )*\. ", "COPY src ./src", "pip install", "npm ci", "npm run build", r"\bmake\b",
    "useradd app", "apt-get update", "apt-get install", "USER app", "ENV A=1", "EXPOSE", "CMD", "# why",
]]  # fmt: skip
"""What a suggestion may move and never drop."""
MOST_SUBSETS = 32


def text(lines: list[str], newline: str) -> str:
    return "\n".join(["FROM debian:12", *lines, ""]).replace("\n", newline)


def edited(lines: list[str], edits: list[tuple[str, int, str]]) -> list[str]:
    lines = [*lines]
    for kind, where, line in edits:
        at = where % (len(lines) + 1)
        if kind == "insert":
            lines.insert(at, line)
        elif kind == "delete":
            del lines[at : at + 1]
        else:
            lines[at : at + 2] = lines[at : at + 2][::-1]
    return lines


class Trial:
    """A pull request, and what each choice of its suggestions makes of the Dockerfile."""

    def __init__(self, pull: PullRequest) -> None:
        self.pull = pull
        self.offered = [c for c in pull.comments if comment.suggested(c.body) is not None]

    def check(self) -> int:
        """Commit every choice (or the first so many), and give how many suggestions there are."""
        before = self.report(self.pull.text("Dockerfile"))
        known = self.faults(before)
        sizes = range(1, len(self.offered) + 1)
        choices = [c for n in sizes for c in itertools.combinations(self.offered, n)]
        for chosen in choices[:MOST_SUBSETS]:
            after = self.committed([c.id for c in chosen])
            assert parse(after).agrees
            said = {fp for c in chosen for fp in comment.fingerprints(c.body)}
            report = self.report(after)
            assert self.faults(report) <= known - said
            self.no_worse(before.build, report.build)
            for work in WORK:
                was = work.findall(before.build.dockerfile.text)
                assert len(work.findall(report.build.dockerfile.text)) >= len(was), work
        return len(self.offered)

    def committed(self, ids: list[int]) -> str:
        """The file with these suggestions; the pull request is then put back as it was."""
        pull, head = self.pull, self.pull.head_sha
        pull.apply_suggestions(ids, "maria")
        after = pull.text("Dockerfile")
        pull.source.branches[pull.head] = head
        pull.synchronize()
        for each in self.offered:
            each.thread.unresolve()
        return after

    def report(self, dockerfile: str) -> rules.Report:
        files = self.pull.repository.files(self.pull.head_sha)
        blobs = [path for path, entry in files.items() if entry.kind == "blob"]
        texts = {path: self.pull.text(path) for path in blobs} | {"Dockerfile": dockerfile}
        report = rules.inspect(Repository(frozenset(texts), texts), "Dockerfile")
        assert report.build is not None
        return report

    @staticmethod
    def faults(report: rules.Report) -> set[str]:
        """What would be a comment; one RUN where there were two may get a remark of its own."""
        return {f.fingerprint for f in report.findings if f.severity == "warning"}

    @staticmethod
    def no_worse(before: Build, after: Build) -> None:
        """No edit to a file of the context runs more commands than it did."""

        def runs(build: Build, path: str) -> int:
            steps = rerun(build, Change(edits=frozenset({path})))
            return sum(s.status == "rerun" and s.instruction == "RUN" for s in steps)

        for path in before.context.files:
            assert runs(after, path) <= runs(before, path), path


async def run(base: list[str] | None, head: list[str], newline: str) -> int:
    """Review the change from one list of lines to the other; gives the number of suggestions."""
    if base == head:
        return 0
    async with await StandIn.start() as github:
        app = github.add_app()
        repository = github.add_repository("octo/shop", installed=app)
        old = {} if base is None else {"Dockerfile": text(base, newline)}
        repository.commit("main", {**FILES, ".dockerignore": IGNORED, **old})
        repository.permissions["maria"] = "write"
        repository.commit("feature", {"Dockerfile": text(head, newline), "main.py": "y\n"})
        pull = repository.open_pull_request("feature")
        async with listen(github, app) as bot:
            await bot.opened(pull)
        assert github.violations == []
        return Trial(pull).check() if pull.comments else 0


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    base=st.none() | st.lists(LINE, max_size=12),
    head=st.lists(LINE, min_size=3, max_size=12),
    edits=EDITS,
    newline=st.sampled_from(["\n", "\n", "\r\n"]),
)
@example(  # a line is removed between the two that the fix swaps
    base=["WORKDIR /app", "COPY . .", "ENV A=1", "EXPOSE 80"],
    head=[],
    edits=[("delete", 2, ""), ("insert", 2, "RUN pip install -r requirements.txt")],
    newline="\n",
)
def test_any_choice_of_suggestions_can_be_committed_and_harms_nothing(base, head, edits, newline):
    if base is not None:
        head = edited(base, edits)
    asyncio.run(run(base, head, newline))


TWO = ["RUN apt-get update", "RUN apt-get install -y a", "ENV A=1", "ENV B=2", "WORKDIR /app",
       "COPY . .", "RUN pip install -r requirements.txt"]  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_there_is_something_to_choose_from(newline):
    assert await run(None, TWO, newline) >= 2

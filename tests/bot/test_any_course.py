"""Whatever course a pull request takes: no word twice, no word that is not true any more."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rules
from bot import comment
from rules.model.dockerfile import parse
from rules.model.repository import Repository
from tests.bot.ears import IGNORED, Bot, listen
from tests.github import StandIn
from tests.github.pulls import PullRequest
from tests.github.standin import PERMISSIONS
from tests.github.suggestions import SuggestionRefused

SOURCE = {"main.py": "x\n", "requirements.txt": "flask\n", "package.json": '{"name": "x"}\n',
          "package-lock.json": "{}\n", ".dockerignore": IGNORED, "src/a.js": "x\n"}  # fmt: skip
LINES = [
    "WORKDIR /app", "COPY . .", "COPY . /app", "RUN pip install -r requirements.txt",
    "RUN npm ci", "RUN apt-get update", "RUN apt-get install -y curl",
    "RUN apt-get update && apt-get install -y git", "RUN useradd app", "ENV A=1",
    "ARG COMMIT=none", "RUN make", "COPY requirements.txt ./", "USER app", "# a comment",
]  # fmt: skip
LINE = st.sampled_from(LINES)
IGNORABLE = ["missing-cache-mount", "setup-after-source", "copy-source-before-install"]
FILES = st.lists(LINE, max_size=8)
STEPS = st.one_of(
    st.tuples(st.just("insert"), st.integers(0, 9), LINE),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("swap"), st.integers(0, 9)),
    st.tuples(st.sampled_from(["touch", "rebase", "doubled", "revert"])),
    st.tuples(st.sampled_from(["answer", "resolve", "commit", "remove"]), st.integers(0, 5)),
    st.tuples(st.just("ignore"), st.integers(0, 2)),
)


def text(lines: list[str]) -> str:
    return "\n".join(["FROM node:22-bookworm", *lines, ""])


class Course:
    """One pull request, and what must hold of it after each step."""

    def __init__(self, bot: Bot, pull: PullRequest) -> None:
        self.bot, self.pull = bot, pull
        self.ignored: set[str] = set()
        self.closed: set[str] = set()
        """Fingerprints that a person resolved, answered or deleted."""

    @property
    def own(self):
        return [c for c in self.pull.comments if c.author == self.bot.app.bot]

    async def step(self, kind: str, *how) -> None:
        pull = self.pull
        lines = pull.text("Dockerfile").split("\n")[1:-1]
        at = how[0] % (len(lines) + 1) if how else 0
        own = self.own
        if kind == "insert":
            lines.insert(at, how[1])
        elif kind == "delete":
            del lines[at : at + 1]
        elif kind == "swap" and at + 1 < len(lines):
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
        elif kind in ("answer", "resolve", "remove") and own:
            chosen = own[how[0] % len(own)]
            self.closed |= comment.fingerprints(chosen.body)
            if kind == "answer":
                chosen.thread.reply("maria", "Won't fix.")
            elif kind == "resolve":
                chosen.thread.resolve("maria")
            else:
                chosen.thread.comments.remove(chosen)
                if not chosen.thread.comments:
                    pull.threads.remove(chosen.thread)
        elif kind == "ignore":
            self.ignored.add(IGNORABLE[how[0]])
            self.bot.github.comment(pull, f"/layerwise ignore {IGNORABLE[how[0]]}", "maria")
        elif kind == "commit" and own:
            self._commit(own[how[0] % len(own)])
            lines = None
        if kind == "rebase":
            pull.repository.commit("main", {"README.md": pull.head_sha})
            pull.rebase()
        elif kind == "revert":
            lines = self.first
        elif kind == "touch":
            pull.push({"src/a.js": pull.head_sha})
        if lines is not None and text(lines) != pull.text("Dockerfile"):
            pull.push({"Dockerfile": text(lines)})
        before = {fp for c in self.own for fp in comment.fingerprints(c.body)}
        for _ in range(2 if kind == "doubled" else 1):
            await self.bot.pushed(pull)
        self.check(before)

    def _commit(self, said) -> None:
        """A click on the suggestion: it must be possible while the comment is not outdated."""
        if "```suggestion" not in said.body:
            return
        before = self.findings()
        old = self.pull.text("Dockerfile")
        resolved, outdated = said.thread.resolved, said.thread.outdated
        try:
            self.pull.apply_suggestions([said.id], "maria")
        except SuggestionRefused:
            assert resolved or outdated
            return
        self.closed |= comment.fingerprints(said.body)
        assert parse(self.pull.text("Dockerfile")).agrees
        if said.created and old == self.seen:
            assert self.findings("warning") <= before - comment.fingerprints(said.body)

    def findings(self, *severities: str) -> set[str]:
        """Fingerprints of what the rules find now, of these severities or of all."""
        files = self.pull.repository.files(self.pull.head_sha)
        texts = {
            path: self.pull.text(path) for path, entry in files.items() if entry.kind == "blob"
        }
        report = rules.inspect(Repository(frozenset(texts), texts), "Dockerfile")
        found = [finding for finding in report.findings if finding.rule not in self.ignored]
        return {f.fingerprint for f in found if not severities or f.severity in severities}

    def check(self, before: set[str]) -> None:
        said = [fp for c in self.own for fp in comment.fingerprints(c.body)]
        assert len(said) == len(set(said)), "said twice"
        assert not (set(said) - before) & self.closed, "said again although a person closed it"
        changed = {change.path for change in self.pull.files()}
        standing = self.findings() if "Dockerfile" in changed else set()
        for each in self.own:
            thread = each.thread
            if not (thread.resolved or each.minimized or len(thread.comments) > 1):
                assert comment.fingerprints(each.body) <= standing, "not true any more"
        for review in self.pull.reviews:
            if review.author == self.bot.app.bot and review.minimized is None:
                assert review.comments, "a review that says nothing"
        self.seen = self.pull.text("Dockerfile")


async def run(base: list[str] | None, head: list[str], steps: list[tuple], granted: str) -> None:
    async with await StandIn.start() as github:
        app = github.add_app(permissions={**PERMISSIONS, "contents": granted})
        repository = github.add_repository("octo/shop", installed=app)
        files = SOURCE if base is None else {**SOURCE, "Dockerfile": text(base)}
        repository.commit("main", files)
        repository.permissions["maria"] = "write"
        repository.commit("feature", {"Dockerfile": text(head), "src/a.js": "y\n"})
        pull = repository.open_pull_request("feature")
        async with listen(github, app) as bot:
            course = Course(bot, pull)
            course.first, course.seen = head, text(head)
            await bot.opened(pull)
            course.check(set())
            for step in steps:
                await course.step(*step)
        assert github.violations == []


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    base=st.none() | FILES,
    head=FILES,
    steps=st.lists(STEPS, min_size=3, max_size=7),
    granted=st.sampled_from(["read", "write"]),
)
def test_nothing_is_repeated_and_nothing_untrue_stays(base, head, steps, granted):
    asyncio.run(run(base, head, steps, granted))

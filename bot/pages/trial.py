"""A Dockerfile that somebody pastes -> what would be said of it, and what an edit re-runs. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

import rules
from bot.analysis import analyse_all
from bot.config import Config
from bot.diff import all_new
from bot.inspection import wanted
from bot.review import Comment, compose
from bot.snapshot import FileChange, Snapshot
from bot.summary import summarise
from rules.model.cache import Build, Change, file_classes, rerun
from rules.model.finding import Finding, split_lines
from rules.model.repository import Repository

DOCKERFILE, IGNORE = "Dockerfile", ".dockerignore"
MOST_FILES = 2000
MOST_EDITS = 100

Mark = Literal["same", "gone", "new", "none"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was pasted. `files` are paths; `edit` is the one that is thought to be edited."""

    dockerfile: str
    ignore: str
    files: tuple[str, ...]
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One step in the picture, or (`is_stage`) the FROM above those of a stage.

    `mounts`: it has a cache mount, so that it finds its downloads when it re-runs.
    """

    line: int
    text: str
    reruns: bool = False
    mounts: bool = False
    is_stage: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One line in a comparison of two texts; `number` is None where this side has none."""

    number: int | None
    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the text before and of the one after it, side by side."""

    before: Side
    after: Side


@dataclass(frozen=True, slots=True)
class Comparison:
    """One file before and after the fixes."""

    path: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of an attempt. `fault` is why there is nothing to show."""

    attempt: Attempt
    fault: str = ""
    comments: tuple[tuple[Comment, tuple[Side, ...]], ...] = ()
    """With the lines that each would replace, and those that it suggests."""
    elsewhere: tuple[Finding, ...] = ()
    """Findings that would be notes in the check run."""
    edits: tuple[str, ...] = ()
    """Files to choose from, each standing for those whose edits re-run the same."""
    edit: str = ""
    before: tuple[Block, ...] = ()
    after: tuple[Block, ...] = ()
    comparisons: tuple[Comparison, ...] = ()

    @property
    def gains(self) -> bool:
        """Whether the fixes change anything."""
        return bool(self.comparisons)


def try_out(attempt: Attempt) -> Trial:
    """Review the attempt as a pull request that adds these files, and make its fixes."""
    if not attempt.dockerfile.strip():
        return Trial(attempt, "There is no Dockerfile yet.")
    config = Config()
    snapshot, analysis = analyse_all(_snapshot(attempt), config, _nothing_in)
    if not analysis.builds:
        return Trial(attempt, f"Not looked at: {analysis.skipped[0][1]}.")
    (build,) = analysis.builds
    review = compose(snapshot, analysis, config)
    fixed = rules.mend(build, lambda finding: wanted(finding, config))
    edits = _edits(build, fixed)
    edit = attempt.edit if attempt.edit in build.files.known else ""
    edit = edit or summarise(build, analysis.new).edit or ""
    return Trial(
        attempt,
        comments=tuple((said, _suggested(said, build)) for said in review.comments),
        elsewhere=review.elsewhere,
        edits=tuple(dict.fromkeys([*([edit] if edit else []), *edits]))[:MOST_EDITS],
        edit=edit,
        before=_blocks(build, edit),
        after=_blocks(fixed, edit),
        comparisons=tuple(_compare(build, fixed, path) for path in (DOCKERFILE, IGNORE)
                          if rules.text_of(build, path) != rules.text_of(fixed, path)),
    )  # fmt: skip


def _snapshot(attempt: Attempt) -> Snapshot:
    texts: dict[str, str | None] = {DOCKERFILE: attempt.dockerfile}
    if attempt.ignore.strip():
        texts[IGNORE] = attempt.ignore
    paths = frozenset(attempt.files[:MOST_FILES]) | texts.keys()
    changes = [FileChange(path, "added", all_new(text or "")) for path, text in texts.items()]
    return Snapshot.at(Repository(paths, texts), changes)


def _nothing_in(paths: Iterable[str]) -> dict[str, str | None]:
    """What files whose names alone are known are taken to hold."""
    return {path: "{}" if path.endswith(".json") else "" for path in paths}


def _edits(before: Build, after: Build) -> list[str]:
    """One file for all those whose edits re-run the same, before and after."""
    classes: dict[tuple[str, str], list[str]] = {}
    now, then = ({path: first for first, alike in file_classes(build).items() for path in alike}
                 for build in (before, after))  # fmt: skip
    for path, first in now.items():
        classes.setdefault((first, then.get(path, "")), []).append(path)
    return sorted(
        min(alike, key=lambda path: (path.count("/"), path)) for alike in classes.values()
    )


def _blocks(build: Build, edit: str) -> tuple[Block, ...]:
    blocks: list[Block] = []
    steps = rerun(build, Change(edits=frozenset({edit} if edit else ())))
    for step, instruction in zip(steps, build.dockerfile.instructions, strict=True):
        mounts = any("type=cache" in mount for mount in instruction.values("mount"))
        words = instruction.script if mounts and instruction.script else instruction.value
        text = f"{instruction.keyword} {' '.join(words.split())}"
        if instruction.keyword == "FROM":
            blocks.append(Block(step.line, text, is_stage=True))
        elif step.status != "none":
            blocks.append(Block(step.line, text, step.status == "rerun", mounts))
    return tuple(blocks)


def _compare(before: Build, after: Build, path: str) -> Comparison:
    old, new = split_lines(rules.text_of(before, path)), split_lines(rules.text_of(after, path))
    return Comparison(path, tuple(_rows(old, new)))


def _suggested(said: Comment, build: Build) -> tuple[Side, ...]:
    """What GitHub shows of a suggestion: the lines that go, then those that come."""
    if said.suggestion is None:
        return ()
    span = said.suggestion.span
    old = split_lines(rules.text_of(build, said.path))[span.start - 1 : span.end]
    new = split_lines(said.suggestion.text)
    gone = (Side(n, line.rstrip("\r\n"), "gone") for n, line in enumerate(old, span.start))
    come = (Side(None, line.rstrip("\r\n"), "new") for line in new)
    return (*gone, *come)


def _rows(old: Sequence[str], new: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        same = what == "equal"
        for place in range(max(b - a, d - c)):
            left, right = a + place, c + place
            rows.append(Row(
                _side(old, left, left < b, "same" if same else "gone"),
                _side(new, right, right < d, "same" if same else "new"),
            ))  # fmt: skip
    return rows


def _side(lines: Sequence[str], place: int, there: bool, mark: Mark) -> Side:  # noqa: FBT001
    if not there:
        return Side(None, "", "none")
    return Side(place + 1, lines[place].rstrip("\r\n"), mark)


EXAMPLES: Mapping[str, Attempt] = {
    "Python": Attempt(
        "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
        "RUN useradd --create-home shop\nUSER shop\n"
        'CMD ["python", "main.py"]\n',
        ".git\n__pycache__\n*.pyc\nDockerfile\n.dockerignore\n",
        ("README.md", "main.py", "requirements.txt", "shop/cart.py", "shop/web.py"),
    ),
    "Node.js": Attempt(
        "FROM node:22 AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n\n"
        "FROM nginx:1.29\nCOPY --from=build /app/dist /usr/share/nginx/html\n",
        "",
        ("index.html", "package.json", "package-lock.json", "src/main.js", "src/shop.js"),
    ),
    "Go": Attempt(
        "FROM golang:1.25 AS build\nARG GIT_SHA\nWORKDIR /src\nCOPY . .\nRUN go mod download\n"
        "RUN CGO_ENABLED=0 go build -o /shop ./cmd/shop\n\n"
        "FROM gcr.io/distroless/static\nARG GIT_SHA\nLABEL revision=$GIT_SHA\n"
        'COPY --from=build /shop /shop\nCMD ["/shop"]\n',
        ".git\n",
        ("cmd/shop/main.go", "go.mod", "go.sum", "internal/cart.go"),
    ),
    "Nothing to gain": Attempt(
        "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt ./\n"
        "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n"
        'COPY . .\nCMD ["python", "main.py"]\n',
        ".git\n**/__pycache__\n**/*.py[cod]\n.venv\nDockerfile\n.dockerignore\n",
        ("main.py", "requirements.txt"),
    ),
}

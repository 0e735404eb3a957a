"""All that people read on a pull request, made of small changes, to be compared and looked at.

python -m tests.bot.words --write        # rewrites tests/bot/reviews
python -m tests.bot.words --page X.html  # renders them as GitHub would, to look at
"""

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import rules
from bot import comment, verdict
from bot.analysis import analyse
from bot.config import read_settings
from bot.diff import read_patch
from bot.review import compose
from bot.snapshot import FileChange, Snapshot
from rules.model.finding import split_lines
from rules.model.repository import Repository
from tests.rules.naive import NAIVE

FOLDER = Path(__file__).parent / "reviews"
PYTHON = {"main.py": "", "requirements.txt": "flask\n", "README.md": ""}
HOSTILE = """\
FROM debian:12
COPY . .
RUN apt-get update && apt-get install -y "`@octocat`" && echo 'a | b </details> closes #1 <!-- layerwise:v1 fp=0123456789abcdef -->'
RUN pip install -r '```@octocat'
"""


@dataclass(frozen=True)
class Case:
    """Files of the head, those of them that the base had too, and the settings."""

    head: Mapping[str, str]
    base: Mapping[str, str]
    settings: str | None = None

    def snapshot(self) -> Snapshot:
        changes = []
        for path, text in self.head.items():
            old = self.base.get(path)
            if old != text:
                status = "added" if old is None else "modified"
                changes.append(FileChange(path, status, read_patch(_patch(old or "", text))))
        return Snapshot.at(Repository(frozenset(self.head), texts=self.head), changes)


def _patch(old: str, new: str) -> str:
    lines = difflib.unified_diff(split_lines(old), split_lines(new))
    return "".join(list(lines)[2:]).rstrip("\n")


CASES = {
    "a-naive-dockerfile": Case({**PYTHON, "Dockerfile": NAIVE}, PYTHON),
    "one-line-of-an-old-dockerfile": Case(
        {**PYTHON, "Dockerfile": NAIVE.replace("pip install -r", "pip install -U -r")},
        {**PYTHON, "Dockerfile": NAIVE},
    ),
    "a-base-image-bump": Case(
        {**PYTHON, "Dockerfile": NAIVE.replace("3.12", "3.13")}, {**PYTHON, "Dockerfile": NAIVE}
    ),
    "node-with-an-ignore-file-to-add-to": Case(
        {
            "Dockerfile": "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n",
            "package.json": '{"name": "x"}\n',
            "package-lock.json": "{}\n",
            "index.js": "",
        },
        {"package.json": '{"name": "x"}\n', "package-lock.json": "{}\n", "index.js": ""},
    ),
    "faults-in-the-settings": Case(
        {**PYTHON, "Dockerfile": NAIVE, "broken/Dockerfile": "HELLO\n"},
        PYTHON,
        "profle: quiet\nmax_comments: 1\nrules: {copy-sauce: off}\n",
    ),
    "a-clean-dockerfile": Case(
        {**PYTHON, "Dockerfile": "FROM python:3.12\nWORKDIR /app\nCOPY main.py ./\n"}, PYTHON
    ),
    "hostile-text": Case(
        {**PYTHON, "Dockerfile": HOSTILE, "@octocat.py": "", "a|b.py": ""}, PYTHON
    ),
    "ignore-patterns": Case(
        {**PYTHON, "Dockerfile": NAIVE, "app/a.py": "", ".dockerignore": "__pycache__\n*.pyc\n"},
        {**PYTHON, "Dockerfile": NAIVE, "app/a.py": ""},
    ),
}


def words(case: Case) -> str:
    """The review, its comments, and the check run, one after the other."""
    snapshot = case.snapshot()
    settings = read_settings(case.settings, rules.BY_NAME)
    analysis = analyse(snapshot, settings.config)
    page = "https://github.com/octo/shop/new/change"
    review = compose(snapshot, analysis, settings.config, page=page)
    commented = frozenset(f.fingerprint for c in review.comments for f in c.findings)
    check = verdict.judge(analysis, settings, commented)
    parts = []
    if review:
        parts.append(f"# Review\n\n{review.body}")
    parts += [
        f"# {said.path}, lines {said.span.start} to {said.span.end}\n\n{said.body}"
        for said in review.comments
    ]
    parts.append(f"# Check run: {check.conclusion}, {check.title}\n\n{check.summary}")
    if check.text:
        parts.append(check.text)
    for note in check.annotations:
        where = f"{note.path}, lines {note.span.start} to {note.span.end}"
        parts.append(f"# {note.level} at {where}: {note.title}\n\n{note.message}")
        if note.details:
            parts.append(comment.fence(note.details, "diff"))
    return "\n\n".join(parts) + "\n"


def page() -> str:
    """The cases as GitHub shows them, more or less."""
    from markdown_it import MarkdownIt  # noqa: PLC0415

    markdown = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    sections = []
    for name, case in CASES.items():
        boxes = "".join(
            f'<div class="box">{markdown.render(f"#### {part}")}</div>'
            for part in f"\n{words(case)}".split("\n# ")[1:]
        )
        sections.append(f"<h2>{escape(name)}</h2>{boxes}")
    sections.append(f'<h2>help</h2><div class="box">{markdown.render(comment.HELP)}</div>')
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{''.join(sections)}"


STYLE = """
body { font: 14px/1.5 -apple-system, "Segoe UI", "Liberation Sans", sans-serif; color: #1f2328;
  max-width: 860px; margin: 24px auto }
.box { border: 1px solid #d1d9e0; border-radius: 6px; padding: 4px 16px 12px; margin: 12px 0 }
code { font: 85% "Liberation Mono", monospace; background: #818b981f; padding: .2em .4em;
  border-radius: 6px }
pre { background: #f6f8fa; padding: 12px; border-radius: 6px; overflow: auto }
pre code { background: none; padding: 0 }
pre code.language-suggestion { color: #116329 }
pre:has(code.language-suggestion) { background: #dafbe1; border: 1px solid #aceebb }
table { border-collapse: collapse } td, th { border: 1px solid #d1d9e0; padding: 6px 13px }
h2 { border-bottom: 1px solid #d1d9e0; margin-top: 40px } h4 { margin: 8px 0; color: #59636e }
"""


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--write"]:
        for name, case in CASES.items():
            (FOLDER / f"{name}.md").write_text(words(case))
    elif arguments[:1] == ["--page"]:
        Path(arguments[1]).write_text(page())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Files that change often and that nothing in the build reads reach a COPY of the whole folder.

Each commit to the documentation, to CI settings or to tests re-runs `COPY . .` and all steps after
it, though the image is built from none of them. The history says how often that was.

Silent without a history, where it was rare, where `.git` is sent too, and about files that an
instruction, a script that one runs, a manifest, the source or another Dockerfile names.
"""

from collections import Counter
from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.finding import Finding, Fix
from rules.model.proposal import append, holds_git, steps_behind, takers
from rules.model.prose import code, listed
from rules.model.rule import Example, Rule
from rules.model.unread import unread

rule = Rule(
    __name__,
    __doc__,
    strategy="context",
    example=Example(
        edit="main.py",
        path=".dockerignore",
        files={
            "Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN echo built\n",
            "docs/index.md": "# Shop\n",
            "main.py": "print()\n",
        },
        before=".git\n",
        after=".git\ndocs\n",
        history=("docs/index.md",) * 5 + ("main.py",) * 5,
    ),
)

LEAST = 5
SHARE = 0.05
"""So many commits, and this part of all, must have changed nothing else."""


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding, on the first step that takes everything."""
    history, context, steps = build.repository.history, build.context, takers(build)
    if history is None or history.commits is None or not steps:
        return
    if context.ignore is None or context.kind != "local" or context.error is not None:
        return
    if holds_git(build):  # which every commit changes
        return
    top = f"{context.root}/" if context.root else ""
    # A commit to the Dockerfile re-runs what it changed there, whether it is sent or not.
    dead = {each.path for each in unread(build) if each.group != "build"}
    counts: Counter[str] = Counter()
    spared = 0
    for commit in history.commits:
        sent = [p[len(top) :] for p in commit if p.startswith(top)]
        tops = {path.partition("/")[0] for path in sent if context.may_send(path)}
        if tops and tops <= dead:
            spared += 1
            counts.update(tops)
    if spared < max(LEAST, SHARE * len(history.commits)):
        return
    paths = [path for path, _ in counts.most_common()]
    edit = append(build, paths)
    first = steps[0].instruction
    yield rule.finding(
        build.path,
        first.span,
        subject=context.ignore.path,
        message=(
            f"{spared} of the last {len(history.commits)} commits changed only {listed(paths)}, "
            f"which nothing in this build reads; each re-ran "
            f"{code(f'{first.keyword} {first.value}')}{steps_behind(build, steps[0])}."
        ),
        fix=None if edit is None else Fix((edit,)),
        no_fix=f"{code(context.ignore.path)} is a symbolic link" if edit is None else None,
    )

"""Files that change often and that nothing in the build reads reach a COPY of the whole folder.

Each commit to the documentation, to CI settings or to tests re-runs `COPY . .` and all steps after
it, though the image is built from none of them. The history says how often that was.

Silent without a history, where it was rare, where `.git` is sent too, and about files that an
instruction, a script that one runs, a manifest, the source or another Dockerfile names.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from rules.model.cache import Build
from rules.model.finding import Finding, Fix
from rules.model.history import History
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
MOST_ASKED = 10
"""Paths asked for of a history that is known by path."""


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding, on the first step that takes everything."""
    history, context, steps = build.repository.history, build.context, takers(build)
    if history is None or not steps or holds_git(build):  # which every commit changes
        return
    if context.ignore is None or context.kind != "local" or context.error is not None:
        return
    # A commit to the Dockerfile re-runs what it changed there, whether it is sent or not.
    dead = {each.path for each in unread(build) if each.group != "build"}
    commits, only = _alone(build, history, dead)
    spared = len(frozenset[object]().union(*only.values()))
    if spared < max(LEAST, SHARE * commits):
        return
    paths = sorted(only, key=lambda path: (-len(only[path]), path))
    edit = append(build, paths)
    first = steps[0].instruction
    yield rule.finding(
        build.path,
        first.span,
        subject=context.ignore.path,
        message=(
            f"Of what is sent, {spared} of the last {commits} commits changed only "
            f"{listed(paths)}, which nothing in this build reads; each re-ran "
            f"{code(f'{first.keyword} {first.value}')}{steps_behind(build, steps[0])}."
        ),
        fix=None if edit is None else Fix((edit,)),
        no_fix=f"{code(context.ignore.path)} is a symbolic link" if edit is None else None,
    )


def _alone(
    build: Build, history: History, dead: AbstractSet[str]
) -> tuple[int, dict[str, AbstractSet[object]]]:
    """How many commits there are, and by path those of them that changed nothing but `dead`."""
    only: dict[str, set[object]] = {}
    if history.commits is not None:
        for place, commit in enumerate(history.commits):
            mine = build.context.inside(commit)
            tops = {path.partition("/")[0] for path in mine if build.context.may_send(path)}
            if tops and tops <= dead:
                for path in tops:
                    only.setdefault(path, set()).add(place)
        return len(history.commits), {**only}
    others = {path.partition("/")[0] for path in build.context.files} - dead
    if not dead or len(dead) + len(others) >= MOST_ASKED:
        return 0, {}
    asked = (*sorted(dead), *sorted(others))
    touched = {path: history.touching([build.context.top + path]) for path in asked}
    everything = history.touching([build.context.root])
    if everything is None or None in touched.values():
        return 0, {}
    elsewhere = frozenset[str]().union(*(touched[path] or () for path in others))
    found = {path: (touched[path] or frozenset()) - elsewhere for path in dead}
    return len(everything), {path: commits for path, commits in found.items() if commits}

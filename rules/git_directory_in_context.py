""".git is sent to the builder.

Every commit, and many a command that only looks, changes files in `.git`. Where the ignore file
does not name it, a `COPY . .` takes it: the step and all after it re-run for every commit, whatever
that commit changed.

Silent when the build reads `.git`: git itself, tools that make a version of it (setuptools_scm,
GitVersion), compilers that write the commit into what they build (`go build` where it finds git,
.NET's Source Link), installs of git's hooks, and the program's own source where the image holds
`.git`; when these cannot be ruled out; and when the context is not the root of the repository.
"""

from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.finding import Finding, Fix, Silence
from rules.model.proposal import append, holds_git, steps_behind, takers
from rules.model.prose import code
from rules.model.rule import Example, Rule
from rules.model.versions import why_git_is_read

rule = Rule(
    __name__,
    __doc__,
    strategy="context",
    example=Example(
        edit="main.py",
        path=".dockerignore",
        files={
            "Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n",
            "main.py": "print()\n",
        },
        before="**/__pycache__\n",
        after="**/__pycache__\n.git\n",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding | Silence]:
    """One finding, on the first step that takes everything."""
    ignore = build.context.ignore
    steps = takers(build)
    if ignore is None or build.context.error is not None or not steps or not holds_git(build):
        return
    first = steps[0].instruction
    reason = why_git_is_read(build)
    if reason is not None:
        yield rule.silence(build.path, first.span.start, reason)
        return
    edit = append(build, [".git"])
    yield rule.finding(
        build.path,
        first.span,
        subject=f".git {ignore.path}",
        message=(
            f"{code(f'{first.keyword} {first.value}')} takes {code('.git')}, which every commit "
            f"changes: each re-runs this step{steps_behind(build, steps[0])}. Nothing in this "
            f"build reads it, and {code(ignore.path)} lets it through."
        ),
        fix=None if edit is None else Fix((edit,)),
        no_fix=f"{code(ignore.path)} is a symbolic link" if edit is None else None,
    )

"""An ignore file that no build reads.

The builder looks for `<path of the Dockerfile>.dockerignore`, then for `.dockerignore` at the root
of the build context, and takes the first that is there, whole; a `.dockerignore` beside a
Dockerfile in a subfolder is read only when that folder is the context. A context that is fetched
from git has no ignore file at all
(https://docs.docker.com/build/concepts/context/#filename-and-location).

Silent where the other folder may be the context of some build.
"""

import posixpath
from collections.abc import Iterator

from rules.model.builder import is_dockerfile
from rules.model.cache import Build
from rules.model.finding import Finding
from rules.model.invocations import read_invocations
from rules.model.proposal import proposed_path, takers
from rules.model.prose import code
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="context",
    example=Example(
        edit="main.py",
        path=".dockerignore",
        files={
            "docker/.dockerignore": ".git\n",
            "docker/Dockerfile": "FROM python:3.12-slim\nCOPY docker/run.sh /\nCOPY . /app\n",
            "docker/run.sh": "",
            "main.py": "",
        },
        before="",
        after=".git\n",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """At most one finding, on the first step that takes everything."""
    steps = takers(build)
    if not steps:
        return
    message = _unread_by_git(build) or _elsewhere(build)
    if message:
        yield rule.finding(
            build.path,
            steps[0].instruction.span,
            subject="ignore file",
            message=message,
            severity="info",
        )


def _unread_by_git(build: Build) -> str | None:
    path = proposed_path(build)
    if build.context.kind != "git" or not build.repository.has(path):
        return None
    local = f"context: {build.context.root or '.'}"
    return (
        f"{code(path)} is not applied: {code(build.builder.reason)} builds from the commit itself, "
        f"as git has it. With {code(local)} behind a checkout it is."
    )


def _elsewhere(build: Build) -> str | None:
    """The file lies beside the Dockerfile, and the context is the folder above."""
    root, own = build.context.root, posixpath.dirname(build.path)
    path = posixpath.join(own, ".dockerignore")
    if build.context.kind != "local" or own == root or not build.repository.has(path):
        return None
    if not (own + "/").startswith(build.context.top):
        return None
    if any(i.root in (own, None) for i in read_invocations(build.repository)):
        return None
    dockerfiles = [p for p in build.repository.paths if is_dockerfile(p)]
    if any(p != build.path and posixpath.dirname(p) == own for p in dockerfiles):
        return None
    return (
        f"{code(path)} is read by no build: the context is {code(root or '.')} "
        f"({build.builder.reason}), and its ignore file would be {code(proposed_path(build))}."
    )

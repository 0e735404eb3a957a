"""A whole folder is copied and no ignore file trims it.

`COPY . .` depends on every file of the build context, and without a .dockerignore that is all the
folder holds: `.git`, which every commit changes, caches that tools write, what is installed on the
machine, the Dockerfile itself. Each such change re-runs the COPY and all steps after it, and a
developer's `node_modules` lies over the one that the image installed
(https://docs.docker.com/build/concepts/context/#dockerignore-files).

The proposed file is made for the tree and the Dockerfile at hand: nothing in it matches a tracked
file, but for CI and editor settings, documentation and the Dockerfile, and these only where no
instruction, no script that one runs and no manifest names them. Silent when the context is not a
folder of the repository or not known, and beside a .containerignore, which Podman reads.
"""

import posixpath
from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.finding import Edit, Finding, Fix
from rules.model.proposal import holds_git, propose, proposed_path, steps_behind, takers
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
            ".github/workflows/test.yml": "on: push\n",
            "README.md": "# Shop\n",
            "main.py": "print()\n",
        },
        before="",
        after="""\
# Version control
.git

# What Python leaves behind
**/__pycache__
**/*.py[cod]
**/.pytest_cache
**/.mypy_cache
**/.ruff_cache
.venv
venv

# Of one machine only
**/.DS_Store
.idea
.vscode
.env
.env.*
*.pem
*.key

# CI and editors
.github

# Documentation
README.md

# The build itself
Dockerfile
.dockerignore
""",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding, on the first step that takes everything."""
    context = build.context
    if context.kind != "local" or context.ignore is not None or not (steps := takers(build)):
        return
    text, path = propose(build), proposed_path(build)
    podmans = posixpath.join(context.root, ".containerignore")
    if not text or build.repository.has(podmans):
        return
    first = steps[0].instruction
    git = holds_git(build) and why_git_is_read(build) is None
    what = "`.git` and all else in the folder" if git else "all that is in the folder"
    yield rule.finding(
        build.path,
        first.span,
        subject=path,
        message=(
            f"{code(f'{first.keyword} {first.value}')} takes {what}, since there is no "
            f"{code(path)}: a change to any of it re-runs this step{steps_behind(build, steps[0])}."
        ),
        severity="warning" if git else "info",
        fix=Fix((Edit(path, 0, 0, text),)),
    )

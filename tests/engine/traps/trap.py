"""One trap, and what several have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Trap:
    """A repository, and three Dockerfiles for it."""

    name: str
    files: Mapping[str, Any]
    naive: str
    bad: str
    good: str | None = None
    says: str | None = None
    """Part of what the failing tool says; None: the bad fix builds, and the tree differs."""
    bad_files: Mapping[str, Any] = field(default_factory=dict)
    """What the bad fix adds to the repository (an ignore file)."""
    good_files: Mapping[str, Any] = field(default_factory=dict)
    ignoring: tuple[str, ...] = ()


def manifests_first(install: str, before: str, base: str = "node:20", last: str = "") -> str:
    return f"FROM {base}\nWORKDIR /app\n{before}RUN {install}\nCOPY . .\n{last}"


def all_first(install: str, base: str = "node:20", last: str = "") -> str:
    return f"FROM {base}\nWORKDIR /app\nCOPY . .\nRUN {install}\n{last}"


IGNORED = {".dockerignore": "**/node_modules\n"}
NPM = {
    "package.json": '{"name": "app", "dependencies": {"express": "4"}}',
    "package-lock.json": "{}",
    "server.js": "require('express')\n",
}
PYTHON = {"app.py": "import flask\n", "requirements.txt": "flask==3\n"}

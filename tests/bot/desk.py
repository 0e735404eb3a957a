"""A folder to work in, and the command line run there as a user does."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bot.cli import main

NAIVE = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
GOOD = (
    "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt ./\n"
    "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\nCOPY . .\n"
)
IGNORE = ".git\nDockerfile\n.dockerignore\n**/__pycache__\n**/*.py[cod]\n"
PROJECT = {"main.py": "", "requirements.txt": "flask\n", ".dockerignore": IGNORE}


@dataclass
class Desk:
    """A folder; `check` runs `layerwise check` in it."""

    folder: Path

    def put(self, files: dict[str, str | bytes]) -> None:
        for path, content in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def text(self, path: str) -> str:
        return (self.folder / path).read_bytes().decode()

    def run(self, *arguments: str, **given: Any) -> Result:
        return CliRunner().invoke(main, list(arguments), **given)

    def check(self, *arguments: str, **given: Any) -> Result:
        return self.run("check", *arguments, **given)

    def json(self, *arguments: str, **given: Any) -> Any:
        return json.loads(self.check(*arguments, "--format", "json", **given).stdout)

"""The naive Dockerfile, and its own suggestions applied in turn."""

import rules
from rules.model.finding import apply
from rules.model.repository import Repository

NAIVE = """\
FROM python:3.12-bookworm
WORKDIR /app
COPY . .
RUN apt-get update && apt-get install -y build-essential libpq-dev
RUN pip install --upgrade pip && pip install -r requirements.txt
RUN useradd --create-home --shell /bin/bash appuser
USER appuser
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
"""
PROJECT = {"main.py": "app = None\n", "requirements.txt": "uvicorn\n", "tests/test_main.py": ""}
MOST = 20


def improved(files: dict[str, str]) -> dict[str, str]:
    """The files of a repository when there is nothing left that one click fixes."""
    files = dict(files)
    for _ in range(MOST):
        report = rules.inspect(Repository(frozenset(files), texts=files), "Dockerfile")
        fixes = [finding.fix for finding in report.findings if finding.fix is not None]
        if not fixes:
            return files
        for path in {edit.path for edit in fixes[0].edits}:
            files[path] = apply(files.get(path, ""), fixes[0].touching(path))
    raise AssertionError("suggestions without end")

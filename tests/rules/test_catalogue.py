import subprocess
import sys
from pathlib import Path

import pytest

import rules
from rules.__main__ import END, START, catalogue, updated
from rules.model.finding import Edit, Fix
from rules.model.repository import Repository
from tests.rules.tools import build

ROOT = Path(__file__).parents[2]

COMPLETE = """\
FROM python:3.12-bookworm AS builder
RUN apt-get update && apt-get install -y curl build-essential libpq-dev && rm -rf /var/lib/apt/lists/*
ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:$PATH
RUN curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
WORKDIR /app
COPY ./requirements.txt /app/requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip pip install --upgrade pip && pip install -r /app/requirements.txt
COPY . /app

FROM python:3.12-slim-bookworm AS runner
WORKDIR /app
RUN useradd --create-home --shell /bin/bash appuser
COPY --from=builder /opt/venv /opt/venv
COPY --chown=appuser:appuser . /app
USER appuser
ENV PATH="/opt/venv/bin:$PATH"
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
"""


def test_the_readme_says_what_the_catalogue_says():
    readme = (ROOT / "README.md").read_text()
    assert START in readme
    assert END in readme
    assert updated(readme) == readme


def test_the_catalogue_is_printed():
    done = subprocess.run(
        [sys.executable, "-m", "rules"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == catalogue()


def test_the_catalogue_is_written_into_a_page(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{START}STALE\n{END}\nafter\n")
    subprocess.run([sys.executable, "-m", "rules", "--write", page], cwd=ROOT, check=True)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert catalogue() in text
    assert "STALE" not in text


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_every_rule_says_why_and_when_it_is_silent(rule):
    assert rule.title
    assert not rule.title.endswith(".")
    assert "ilent" in rule.why


def test_the_good_two_stage_file_is_left_alone():
    files = {"Dockerfile": COMPLETE, "requirements.txt": "flask\n", "main.py": ""}
    found, _ = rules.check(build(files))
    assert [f.rule for f in found if "pip" in f.message or f.rule.startswith("copy")] == []


def test_our_own_image_is_found_nothing_in():
    paths = [
        p for top in ("bot", "rules", "deploy") for p in (ROOT / top).rglob("*") if p.is_file()
    ]
    paths += [ROOT / name for name in ("README.md", "LICENSE", "pyproject.toml", ".dockerignore")]
    names = {p.relative_to(ROOT).as_posix(): p for p in paths if "__pycache__" not in p.parts}
    texts = {name: path.read_text() for name, path in names.items() if path.suffix != ".pyc"}
    report = rules.inspect(Repository(frozenset(names), texts=texts), "deploy/Dockerfile")
    assert report.skipped is None
    assert report.build is not None
    assert report.build.context.root == ""
    assert report.findings == ()


def test_an_unproven_fix_is_not_shown(monkeypatch):
    """A rule that suggests nonsense gives words, and says what is wrong with the suggestion."""
    rule = rules.copy_source_before_install.rule
    files = {"Dockerfile": rule.example.before, **rule.example.files}

    def nonsense(build):
        end = len(build.dockerfile.text)
        yield rule.finding(
            build.path,
            build.dockerfile.instructions[2].span,
            subject="x",
            message="x",
            fix=Fix((Edit(build.path, end, end, "NONSENSE\n"),)),
        )

    monkeypatch.setattr(rule, "_find", nonsense)
    (found,) = [f for f in rules.check(build(files))[0] if f.rule == rule.name]
    assert found.fix is None
    assert "could not be read" in found.no_fix

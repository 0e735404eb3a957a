"""What the order bench asks about, and how it counts."""

import pytest

import rules
from rules.model.repository import Repository
from tests.bench.order import (
    LABELS,
    Answer,
    answers,
    best,
    installs_behind_source,
    managers_in,
    read_labels,
    table,
)

FILES = {
    "package.json": "{}",
    "package-lock.json": "{}",
    "src/a.js": "",
    "gradle/wrapper/gradle-wrapper.jar": "",
    ".dockerignore": "node_modules\n",
}


def report(text: str) -> rules.Report:
    files = {**FILES, "Dockerfile": "FROM node:22 AS top\nWORKDIR /app\n" + text}
    return rules.inspect(Repository(frozenset(files), texts=files), "Dockerfile")


@pytest.mark.parametrize(
    ("script", "managers"),
    [
        ("npm ci", {"npm"}),
        ("npm --loglevel=error install --omit=dev && npm run build", {"npm"}),
        ("npm install express", set()),
        ("npm i -g pnpm && pnpm install --frozen-lockfile", {"pnpm"}),
        ("yarn --frozen-lockfile", {"yarn"}),
        ("yarn build", set()),
        ("pip install flask", set()),
        ('["pip", "install", "-r", "requirements.txt"]', {"pip"}),
        ("pip install \\\n  -r dev.txt", {"pip"}),
        ("go install example.com/tool@latest", set()),
        ("./gradlew build", {"gradle"}),
        ("echo cargo-build", set()),
    ],
)
def test_installs_are_found_in_the_text(script: str, managers: set[str]) -> None:
    """What installs tools by name is none."""
    assert managers_in(script) == managers


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("COPY . .\nRUN npm ci\n", [4]),
        ("COPY src src\nRUN npm ci\n", [4]),
        ("COPY src/a.js ./\nRUN npm ci\n", []),
        ("COPY gradle gradle\nRUN ./gradlew help\n", []),
        ("RUN npm ci\nCOPY . .\nRUN npm ci\n", []),
        ("COPY . .\nRUN npm ci\nRUN npm ci\n", [4]),
        ("RUN --mount=type=bind,source=. npm ci\n", [3]),
        ("COPY . .\nFROM top\nRUN npm ci\n", [5]),
        ("RUN npm ci\nFROM node:22\nCOPY --from=0 /app /app\nCOPY . .\nRUN npm ci\n", []),
        ("COPY . .\nRUN <<EOF\nnpm ci\nEOF\n", [4]),
    ],
)
def test_asked_are_installs_that_a_folder_of_source_stands_before(
    text: str, lines: list[int]
) -> None:
    """Once for each manager of a stage."""
    build = report(text).build
    assert build is not None
    found = installs_behind_source(build)
    assert [install.run.instruction.span.start for install in found] == lines


@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        ("COPY . .\nRUN npm ci\n", "suggestion", ""),
        (
            "COPY . .\nRUN make x\nRUN npm ci\n",
            "mount",
            "`RUN make x` stands between and may read the source",
        ),
        (
            "COPY . .\n# layerwise: ignore=missing-cache-mount\nRUN make x && npm ci\n",
            "words",
            "what stands before it in the RUN may read the source",
        ),
        (
            "COPY . .\nRUN npm ci --install-links\n",
            "silent",
            "it reads settings that are not followed",
        ),
    ],
)
def test_an_answer_is_the_best_that_is_said(text: str, outcome: str, reason: str) -> None:
    """And the reason is the rule's own."""
    (answer,) = answers(report(text))
    assert (answer.outcome, answer.reason) == (outcome, reason)


def test_a_file_counts_as_its_best_install() -> None:
    """Two installs, one of them fixed: the file is fixed."""
    assert best(["silent", "suggestion", "words"]) == "suggestion"
    (first,) = answers(report("COPY . .\nRUN npm ci\n"))
    silent = Answer(first.install, "silent", "it is so")
    lines = list(table({"one": [first, silent], "other": [silent]}))
    assert lines[0].startswith(
        "2 Dockerfiles with source before an install: 50% found, 50% with an"
    )
    assert "| npm | 3 | 1 | 0 | 0 | 2 |" in lines
    assert "    2 it is so" in lines


def test_labels_say_why() -> None:
    """A file that is no fault has its reason."""
    labels = read_labels(LABELS.read_text(encoding="utf-8"))
    assert labels
    assert all(len(reason) > len("no fault") for reason in labels.values())

"""What the bound of the forward replay takes for needed."""

import pytest

from rules.model.replay import Replay
from tests.bench.forward import Judged, bounds, ratio
from tests.bench.reachable import kinds, reachable
from tests.rules.tools import build

FILES = {"package.json": "{}", "package-lock.json": "{}", "a.js": "", ".dockerignore": ".git\n"}


def bound(steps: str, *commits: str) -> Replay:
    """The bound of a Dockerfile that nothing was fixed of."""
    made = build({**FILES, "Dockerfile": f"FROM node:22\nWORKDIR /app\n{steps}"})
    return reachable(made, made, [frozenset(commit.split()) for commit in commits])


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        ("npm ci", "install"),
        ("yarn --frozen-lockfile", "install"),
        ("pip install -r requirements.txt", "install"),
        ("composer install --no-dev", "install"),
        ("cargo chef cook --release", "install"),
        ("go mod download", "install"),
        ("apt-get install -y curl", "setup"),
        ("npm install -g pnpm", "setup"),
        ("useradd app", "setup"),
        ("npm run build", "other"),
        ("pip install -e .", "other"),
        ("cargo chef prepare", "other"),
        ("go mod tidy", "other"),
        ("go build ./...", "other"),
        ("mvn package", "other"),
        ("make", "other"),
        ("chown -R node /app", "other"),
    ],
)
def test_each_command_is_an_install_or_a_set_up_or_neither(run: str, kind: str) -> None:
    made = build({**FILES, "Dockerfile": f"FROM node:22\nWORKDIR /app\nCOPY . .\nRUN {run}\n"})
    assert list(kinds(made, made.layers[-1]).values()) == [kind]


def test_an_install_needs_its_manifests_and_a_build_all_that_it_reads() -> None:
    found = bound(
        "COPY . .\nRUN apt-get update\nRUN npm ci && npm run build\n", "a.js", "package.json a.js"
    )
    assert [(step.text, len(step.now), len(step.fixed)) for step in found.steps] == [
        ("apt-get update", 2, 0),
        ("npm ci", 2, 1),
        ("npm run build", 2, 2),
    ]


def test_a_file_in_the_best_order_is_at_its_bound() -> None:
    found = bound(
        "COPY *.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n", "a.js", "package.json"
    )
    assert (found.now, found.fixed) == (3, 3)


def test_the_bound_of_files_is_that_of_those_which_have_one() -> None:
    best = Judged("a/b", "Dockerfile", 8, 2, flagged=True)
    files = [Judged("a/b", "Dockerfile", 4, 4, flagged=True, bound=best)]
    assert (ratio(files), ratio(bounds(files))) == (1, 0.25)

"""Ignore comments that mute nothing."""

from dataclasses import replace

import pytest

import rules
from rules.idle import MOST, idle_comments
from rules.model.history import History
from tests.rules.tools import build

NODE = {"package.json": "{}", "package-lock.json": "{}", "index.js": "", ".dockerignore": ".git\n"}
LATE = "FROM node:22\nWORKDIR /app\n{}COPY . .\nRUN npm ci\n"
MOUNT = "missing-cache-mount"


def told(dockerfile, **files):
    found = idle_comments(build({**NODE, "Dockerfile": dockerfile, **files}))
    return [(comment.path, comment.line, comment.rule) for comment in found]


@pytest.mark.parametrize(
    ("comment", "idle"),
    [
        ("# layerwise: ignore=copy-source-before-install\n", []),
        (f"# layerwise: ignore={MOUNT}\n", [MOUNT]),
        (f"# layerwise: ignore=copy-source-before-install, {MOUNT}\n", [MOUNT]),
        ("# layerwise: ignore=copy-source-before-install\n\n", ["copy-source-before-install"]),
        ("# layerwise: ignore=copy-source-before-install\n" * 2, []),
        ("# layerwise: ignore=no-such-rule\n", ["no-such-rule"]),
        ("# a comment\n", []),
    ],
)
def test_a_comment_that_mutes_nothing_is_told(comment, idle):
    assert told(LATE.format(comment)) == [("Dockerfile", 3, rule) for rule in idle]


def test_inside_a_continuation_a_comment_holds_for_its_instruction():
    run = (
        f"FROM node:22\nWORKDIR /app\nRUN npm install -g a \\\n# layerwise: ignore={MOUNT}\n && b\n"
    )
    assert told(run) == []
    assert told(run.replace("npm install -g a", "true")) == [("Dockerfile", 4, MOUNT)]


def test_a_comment_in_the_ignore_file_is_told_there():
    ignored = "# layerwise: ignore=dockerignore-misses-nested\n__pycache__\n"
    files = {"app/a.py": "", ".dockerignore": ignored}
    assert told("FROM python:3\nCOPY . /app\n", **files) == []
    clean = {**files, ".dockerignore": ignored.replace("__pyc", "**/__pyc")}
    idle = (".dockerignore", 1, "dockerignore-misses-nested")
    assert told("FROM python:3\nCOPY . /app\n", **clean) == [idle]


def test_of_a_rule_that_could_not_look_nothing_is_said():
    volatile = LATE.format("# layerwise: ignore=volatile-path-in-context\n")
    whole = build({**NODE, "Dockerfile": volatile})
    assert not idle_comments(whole)
    assert idle_comments(whole.with_history(History(())))
    mount = build({**NODE, "Dockerfile": LATE.format(f"# layerwise: ignore={MOUNT}\n")})
    assert idle_comments(mount)
    part = replace(mount, repository=replace(mount.repository, complete=False))
    assert not idle_comments(part)


def test_of_a_rule_that_gave_a_reason_to_keep_silent_nothing_is_said():
    muted = "FROM python:3\nCOPY . .\n# layerwise: ignore={}\nRUN pip install -e .\n"
    rule = "copy-source-before-install"
    whole = build({"Dockerfile": muted.format(rule), "setup.py": "", ".dockerignore": ".git\n"})
    assert rule in {silence.rule for silence in rules.check(whole)[1]}
    assert not idle_comments(whole)


def test_the_name_that_was_meant_is_offered():
    (one,) = idle_comments(
        build({"Dockerfile": "FROM a\n# layerwise: ignore=missing-cache-mounts\n"})
    )
    assert one.message == (
        "No rule is called `missing-cache-mounts`: did you mean `missing-cache-mount`?"
    )


def test_no_more_are_told_than_anybody_reads():
    assert len(told("FROM a\n" + "# layerwise: ignore=x,y,z\n" * MOST)) == MOST

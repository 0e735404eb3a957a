"""What `check`, `combine` and `mend` make of the rules together."""

import pytest

import rules
from tests.rules.naive import NAIVE, PROJECT, improved
from tests.rules.tools import build

SHOP = {"requirements.txt": "flask\n", "main.py": "print()\n"}
NODE = {"package.json": "{}", "package-lock.json": "{}", "index.js": ""}
LATE = "FROM node:22\nWORKDIR /app\n{}COPY . .\nRUN npm ci\n"


def names(files):
    return [finding.rule for finding in rules.check(build(files))[0]]


@pytest.mark.parametrize("rule", ["copy-source-before-install", "missing-dockerignore"])
def test_a_comment_in_the_dockerfile_mutes_a_rule(rule):
    muted = LATE.format(f"# layerwise: ignore={rule}\n")
    assert rule in names({**NODE, "Dockerfile": LATE.format("# a comment\n")})
    assert rule not in names({**NODE, "Dockerfile": muted})


def test_a_comment_in_the_ignore_file_mutes_what_is_said_there():
    files = {"Dockerfile": "FROM python:3\nCOPY . /app\n", "app/a.py": ""}
    rule = "dockerignore-misses-nested"
    assert rule in names({**files, ".dockerignore": ".git\n__pycache__\n"})
    muted = f".git\n# layerwise: ignore={rule}\n__pycache__\n"
    assert rule not in names({**files, ".dockerignore": muted})


def test_the_same_command_twice_in_a_stage_is_told_twice():
    run = "RUN --mount=type=cache,target=/etc/apk/cache apk add curl\n"
    found, _ = rules.check(build({"Dockerfile": f"FROM alpine:3\n{run * 3}"}))
    unlocked = [f for f in found if f.rule == "cache-mount-not-locked"]
    assert [f.span.start for f in unlocked] == [2, 3, 4]
    assert len({f.fingerprint for f in unlocked}) == 3


def test_a_whole_ignore_file_comes_before_a_line_of_one():
    whole = build({**NODE, "Dockerfile": LATE.format("")})
    found = [f for f in rules.check(whole)[0] if f.fix is not None]
    touching = {f.rule for f in found if f.fix.touching(".dockerignore")}
    assert touching == {"missing-dockerignore", "copy-source-before-install"}
    after, done = rules.combine(whole, found)
    assert sorted(f.rule for f in done) == sorted(f.rule for f in found)
    assert after.repository.texts[".dockerignore"].count("node_modules") == 1
    assert "COPY package.json package-lock.json ./" in after.dockerfile.text


def test_the_fault_of_a_joined_instruction_is_fixed_in_place_of_its_parts():
    apart = "RUN apt update -y\nRUN apt install python3-pip -y\n"
    whole = build({**SHOP, "Dockerfile": f"FROM ubuntu:24.04\nADD . /shop\n{apart}RUN make\n"})
    found = [f for f in rules.check(whole)[0] if f.severity == "warning" and f.fix is not None]
    assert {"update-apart-from-install", "setup-after-source"} <= {f.rule for f in found}
    after, done = rules.combine(whole, found)
    assert {f.rule for f in done} == {f.rule for f in found}
    assert "setup-after-source" not in {f.rule for f in rules.check(after)[0]}
    joined = "RUN apt update -y && apt install python3-pip -y\n"
    assert after.dockerfile.text.index(joined) < after.dockerfile.text.index("ADD . /shop\n")


def test_mending_leaves_nothing_that_can_be_mended():
    files = {"Dockerfile": NAIVE, **PROJECT}
    after = rules.mend(build(files), lambda _: True)
    assert [f.rule for f in rules.check(after)[0] if f.fix is not None] == []
    assert after.dockerfile.text == improved(files)["Dockerfile"]


def test_mending_leaves_alone_what_is_not_wanted():
    whole = build({**SHOP, "Dockerfile": "FROM python:3\nCOPY . .\nRUN pip install -r requirements.txt\n"})  # fmt: skip
    after = rules.mend(whole, lambda finding: finding.rule == "missing-cache-mount")
    assert after.dockerfile.text == (
        "FROM python:3\nCOPY . .\n"
        "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n"
    )
    assert rules.mend(whole, lambda _: False) is whole

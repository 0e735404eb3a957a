import pytest

from rules.cache_mount_defeated import rule
from tests.rules.tools import check_fixed, check_silent, check_words, findings

FILES = {"requirements.txt": "flask\n", "package.json": "{}", "package-lock.json": "{}"}
PY = "FROM python:3\nWORKDIR /app\nCOPY requirements.txt ./\n"
JS = "FROM node:22\nCOPY package.json package-lock.json ./\n"
PIP = "RUN --mount=type=cache,target=/root/.cache/pip"
NPM = "RUN --mount=type=cache,target=/root/.npm"
APT = "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked"
INSTALL = "pip install -r requirements.txt"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{PY}{PIP} {INSTALL} && pip cache purge\n", f"{PY}{PIP} {INSTALL}\n"),
        (f"{PY}{PIP} {INSTALL} \\\n    && rm -rf /root/.cache/pip\n", f"{PY}{PIP} {INSTALL}\n"),
        (f"{PY}ENV A=1 PIP_NO_CACHE_DIR=1\n{PIP} {INSTALL}\n", f"{PY}ENV A=1\n{PIP} {INSTALL}\n"),
        (f"{JS}{NPM} npm ci && npm cache clean --force\n", f"{JS}{NPM} npm ci\n"),
        (f"FROM debian:12\n{APT} apt-get update && apt-get install -y curl\n",
         f"FROM debian:12\n{APT} rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && apt-get install -y curl\n"),
        (f"FROM debian:12\nRUN rm /etc/apt/apt.conf.d/docker-clean\n{APT} apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
         f"FROM debian:12\nRUN rm /etc/apt/apt.conf.d/docker-clean\n{APT} apt-get update && apt-get install -y curl\n"),
        ("FROM alpine\nRUN --mount=type=cache,target=/etc/apk/cache,sharing=locked apk add -U --no-cache curl\n",
         "FROM alpine\nRUN --mount=type=cache,target=/etc/apk/cache,sharing=locked apk add -U curl\n"),
    ],
)  # fmt: skip
def test_what_empties_a_mount_is_taken_out(before, after):
    check_fixed(rule, before, after, FILES, edit="requirements.txt")


def test_the_settings_of_the_base_image_are_told_of_once():
    run = f"{APT} apt-get update && apt-get install -y curl\n"
    assert len(findings(rule, {**FILES, "Dockerfile": f"FROM debian:12\n{run}{run}"})) == 1


@pytest.mark.parametrize(
    "dockerfile",
    [
        f"{PY}{PIP} {INSTALL}\n",
        f"{PY}RUN {INSTALL} && pip cache purge\n",
        f"{PY}{PIP} {INSTALL} && npm cache clean --force\n",
        f"{PY}{PIP} {INSTALL} && rm -rf /tmp/x /root/.npm\n",
        f"{PY}RUN --mount=type=cache,target=/root/.npm {INSTALL} --no-cache-dir\n",
        "FROM debian:12\nRUN rm -f /etc/apt/apt.conf.d/docker-clean\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
    ],
)  # fmt: skip
def test_silent_where_nothing_empties_the_mount(dockerfile):
    check_silent(rule, dockerfile, FILES)


@pytest.mark.parametrize(
    ("dockerfile", "reason"),
    [
        (f"{PY}{PIP} {INSTALL} && (pip cache purge)\n", "taken out alone"),
        (f"{PY}ARG PIP_NO_CACHE_DIR=1\n{PIP} {INSTALL}\n", "switches the cache off"),
        (
            f"{PY}ENV PIP_NO_CACHE_DIR=1\n{PIP} {INSTALL}\nRUN pip install black\n",
            "for other RUNs too",
        ),
    ],
)
def test_what_cannot_be_taken_out_gets_words(dockerfile, reason):
    check_words(rule, dockerfile, FILES, reason)

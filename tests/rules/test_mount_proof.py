import pytest

from rules.mount_proof import lost_for_mounts
from tests.rules.tools import build

FILES = {"requirements.txt": "flask\n", "package.json": "{}", "package-lock.json": "{}"}
PY = "FROM python:3 AS a\nCOPY requirements.txt ./\n"
JS = "FROM node:22\nCOPY package.json package-lock.json ./\n"
PIP = "--mount=type=cache,target=/root/.cache/pip"
INSTALL = "pip install -r requirements.txt"


def wrong(before, after):
    return lost_for_mounts(build({**FILES, "Dockerfile": before}), build({**FILES, "Dockerfile": after}))  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{PY}RUN {INSTALL}\n", f"{PY}RUN {PIP} {INSTALL}\n"),
        (f"{PY}RUN {INSTALL} --no-cache-dir && rm -rf ~/.cache/pip /tmp/x\n", f"{PY}RUN {PIP} {INSTALL} && rm -rf /tmp/x\n"),
        (f"{PY}ENV A=1 PIP_NO_CACHE_DIR=1\nRUN {INSTALL}\n", f"{PY}ENV A=1\nRUN {PIP} {INSTALL}\n"),
        (f"{PY}ENV PIP_NO_CACHE_DIR=1\nRUN {INSTALL}\n", f"{PY}RUN {PIP} {INSTALL}\n"),
        ("FROM debian:12\nRUN apt-get update && apt-get install -y x\n",
         "FROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && apt-get install -y x\n"),
        (f"{PY}RUN {INSTALL} && pip cache purge\n", f"{PY}RUN {PIP} {INSTALL}\n"),
        (f"{PY}RUN {INSTALL} && cd /root/.cache && rm -rf pip\n", f"{PY}RUN {PIP} {INSTALL} && cd /root/.cache\n"),
        (f"{JS}USER node\nRUN npm ci && rm -rf ~/.npm\n", f"{JS}USER node\nRUN --mount=type=cache,target=/home/node/.npm npm ci\n"),
        (f"{PY}RUN {INSTALL} && du /root/.cache\n", f"{PY}RUN {PIP} {INSTALL} && du /root/.cache\n"),
        (f"{PY}RUN {INSTALL}\nFROM debian\nCMD ls /root/.cache/pip\n", f"{PY}RUN {PIP} {INSTALL}\nFROM debian\nCMD ls /root/.cache/pip\n"),
        (f"{PY}RUN {INSTALL}\nRUN {PIP} cp -r /root/.cache/pip /x\n", f"{PY}RUN {PIP} {INSTALL}\nRUN {PIP} cp -r /root/.cache/pip /x\n"),
    ],
)  # fmt: skip
def test_nothing_is_wrong_with_a_mount_and_what_goes_with_it(before, after):
    assert wrong(before, after) is None


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (f"{PY}RUN {INSTALL}\n", f"{PY}RUN --mount=type=cache,target=/root/.npm {INSTALL}\n", "no tool of the RUN"),
        (f"{PY}RUN {INSTALL}\n", f"{PY}USER app\nRUN {PIP} {INSTALL}\n", "another way"),
        (f"{PY}RUN {INSTALL}\n", f"{PY}RUN --network=none {PIP} {INSTALL}\n", "another way"),
        (f"{PY}RUN {INSTALL}\n", f"{PY}ENV B=1\nRUN {PIP} {INSTALL}\n", "another instruction"),
        (f"{PY}ENV A=1 B=2\nRUN {INSTALL}\n", f"{PY}ENV A=1\nRUN {PIP} {INSTALL}\n", "another instruction"),
        (f"{PY}RUN {INSTALL} && rm -rf /srv/x\n", f"{PY}RUN {PIP} {INSTALL}\n", "the commands"),
        (f"{PY}RUN {INSTALL}\n", f"{PY}RUN {PIP} pip install flask\n", "the commands"),
        (f"{PY}RUN {INSTALL} && rm -rf ~/.cache/pip\n", f"{PY}RUN {INSTALL}\n", "the commands"),
        (f"{PY}RUN {INSTALL} && rm -rf /root/.cache/pip\n", f"{PY}RUN {PIP} {INSTALL} && rm -rf /root/.cache/pip\n", "removes what is in the mount"),
        *((f"{PY}RUN {INSTALL} && {command}\n", f"{PY}RUN {PIP} {INSTALL} && {command}\n", "removes what is in the mount") for command in (
            "rm -rf /root/.ca*", "cd /root && rm -rf .cache", "rm -rf /root/{.cache,.npm}", "find /root -delete", "mv /root/.cache /x",
        )),
        (f"{PY}RUN {INSTALL} && pip cache purge\n", f"{PY}RUN {PIP} {INSTALL} && pip cache purge\n", "empties the cache"),
        (f"{PY}RUN {INSTALL}\nRUN cp -r /root/.cache/pip /x\n", f"{PY}RUN {PIP} {INSTALL}\nRUN cp -r /root/.cache/pip /x\n", "a later RUN uses"),
        (f"{PY}RUN {INSTALL}\nFROM b\nCOPY --from=a /root/.cache /c\n", f"{PY}RUN {PIP} {INSTALL}\nFROM b\nCOPY --from=a /root/.cache /c\n", "COPY --from uses"),
        (f"{PY}RUN {INSTALL} --no-cache-dir\n", f"{PY}RUN {INSTALL}\n", "the commands"),
        (f"{PY}RUN {INSTALL} && $(x\n", f"{PY}RUN {PIP} ls && $(x\n", "the commands"),
        (f"{PY}RUN pip --version\n", f"{PY}RUN {PIP} pip --version\n", "no tool of the RUN"),
        (f"{PY}USER app\nRUN {INSTALL}\n", f"{PY}USER app\nRUN {PIP} {INSTALL}\n", "no tool of the RUN"),
        (f"{PY}ARG PIP_NO_CACHE_DIR=1\nRUN {INSTALL}\n", f"{PY}RUN {PIP} {INSTALL}\n", "another instruction"),
        (f"{PY}EXPOSE 1\nRUN {INSTALL}\n", f"{PY}EXPOSE 2\nRUN {PIP} {INSTALL}\n", "another instruction"),
        (f"{JS}RUN npm ci\nCMD ls /root/.npm\n", f"{JS}RUN --mount=type=cache,target=/root/.npm npm ci\nCMD ls /root/.npm\n", "CMD uses"),
        (f"{JS}USER node\nRUN npm ci\n", f"{JS}USER node\nRUN --mount=type=cache,target=/root/.npm npm ci\n", "no tool of the RUN"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(before, after, reason):
    assert reason in (wrong(before, after) or "")

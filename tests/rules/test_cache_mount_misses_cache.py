import pytest

from rules.cache_mount_misses_cache import rule
from tests.rules.tools import check_fixed, check_silent, findings

FILES = {
    "requirements.txt": "flask\n",
    "package.json": "{}",
    "package-lock.json": "{}",
    "yarn.lock": "# yarn lockfile v1\n",
    "go.mod": "module a.b/c\nrequire d.e/f v1.0.0\n",
}
PY = "FROM python:3\nWORKDIR /app\nCOPY requirements.txt ./\n"
JS = "FROM node:22\nCOPY package.json package-lock.json yarn.lock ./\n"
CACHE = "--mount=type=cache"
INSTALL = "pip install -r requirements.txt"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


@pytest.mark.parametrize(
    ("head", "call", "before", "after"),
    [
        (JS, "yarn install", "target=/root/.cache/yarn,sharing=locked", "target=/usr/local/share/.cache/yarn,sharing=locked"),
        (JS, "yarn install", "target=/root/.cache/yarn", "target=/usr/local/share/.cache/yarn,sharing=locked"),
        (JS, "yarn install", "sharing=locked,target=/root/.yarn", "sharing=locked,target=/usr/local/share/.cache/yarn"),
        (JS, "pnpm install", "target=/root/.pnpm-store", "target=/root/.local/share/pnpm/store"),
        (JS, "pnpm install", "id=pnpm,dst=/root/.pnpm-store", "id=pnpm,dst=/root/.local/share/pnpm/store"),
        (JS + "ENV PNPM_HOME=/pnpm\n", "pnpm install", "target=/root/.local/share/pnpm/store", "target=/pnpm/store"),
        (PY + "ENV PIP_CACHE_DIR=/pip\n", INSTALL, "target=/root/.cache/pip", "target=/pip"),
        (PY + "ENV XDG_CACHE_HOME=/x\n", INSTALL, "target=/root/.cache/pip", "target=/x/pip"),
        (JS, "npm ci", "target=/home/node/.npm", "target=/root/.npm"),
        (JS + "USER node\n", "npm ci", "target=/home/node/.npm", "target=/home/node/.npm,uid=1000,gid=1000"),
    ],
)  # fmt: skip
def test_the_mount_goes_where_the_cache_is(head, call, before, after):
    check_fixed(
        rule,
        f"{head}RUN {CACHE},{before} {call}\n",
        f"{head}RUN {CACHE},{after} {call}\n",
        FILES,
        edit="package.json",
    )


@pytest.mark.parametrize(
    "dockerfile",
    [
        f"{JS}RUN {CACHE},target=/root/.npm npm ci\n",
        f"{JS}RUN {CACHE},target=/root npm ci\n",
        f"{JS}RUN {CACHE},target=/root/.npm/_cacache npm ci\n",
        f"{JS}RUN {CACHE},target=/app/.next/cache npm ci\n",
        f"{JS}USER node\nRUN {CACHE},target=/home/node/.npm,mode=0777 npm ci\n",
        f"{JS}USER node\nRUN {CACHE},target=/home/node/.npm,uid=1000 npm ci\n",
        f"{JS}RUN {CACHE},target=/x --mount=type=tmpfs,target=/home/node/.npm npm ci\n",
        f"{JS}RUN {CACHE},from=filled,target=/home/node/.npm npm ci\n",
        f"{JS}ARG TO\nRUN {CACHE},target=$TO npm ci\n",
        f"{JS}USER app\nRUN {CACHE},target=/home/node/.npm npm ci\n",
        f"{JS}RUN {CACHE},target=/root/.cache/yarn {CACHE},target=/usr/local/share/.cache/yarn,sharing=locked yarn\n",
        f"FROM x\nRUN {CACHE},target=/home/node/.npm npm ci\n",
        "FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk,sharing=locked apk add curl\n",
        f"FROM golang:1 AS a\nCOPY go.mod ./\nRUN {CACHE},target=/go/pkg/mod go mod download\n",
    ],
)
def test_silent_where_it_is_there_or_where_that_is_not_certain(dockerfile):
    check_silent(rule, dockerfile, FILES)


def test_a_mount_with_variables_gets_words():
    text = f"{JS}ARG H=/home/node\nRUN {CACHE},target=$H/.npm npm ci\n"
    (found,) = findings(rule, {**FILES, "Dockerfile": text})
    assert found.fix is None
    assert "`/root/.npm`" in found.message

"""Suggested mounts with the real tools: what one build has downloaded the next one does not.

The base image is Debian with the tools (real.py), under the names that the rule knows; the packages
come from a registry on loopback that counts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import rules
from rules.model.repository import Repository
from tests.engine.build import Case, build, rebuild
from tests.engine.engine import Unavailable
from tests.engine.registry import registry
from tests.engine.tree import EPOCH
from tests.rules.naive import NAIVE, PROJECT, improved

pytestmark = pytest.mark.engine

NAMES = ("alpha", "beta", "gamma")


@dataclass(frozen=True)
class Tool:
    """A Dockerfile, its manifest with two packages and then a third, and where trees may differ.

    `{address}` in the Dockerfile and ADDRESS in the manifest stand for the registry's.
    """

    name: str
    text: str
    manifest: str
    first: str
    second: str
    ignoring: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    """What lies beside the manifest."""


def _npm(*names: str, **more: str) -> str:
    dependencies = dict.fromkeys(names, "1.0.0")
    return json.dumps({"name": "app", "version": "1.0.0", "dependencies": dependencies, **more})


def _project(*names: str) -> str:
    return (
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11,<4"\n'
        f"dependencies = {json.dumps(names)}\n"
        '[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "counting"\n'
        'url = "ADDRESS/simple"\n'
    )


# pip keeps what comes over HTTP only from hosts that it is told to trust.
PIP = """\
FROM python:3.12
ENV PIP_INDEX_URL={address}/simple PIP_TRUSTED_HOST=127.0.0.1 PIP_ROOT_USER_ACTION=ignore PIP_NO_COMPILE=1
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
"""
NPM = """\
FROM node:22
ENV npm_config_registry={address} npm_config_update_notifier=false npm_config_audit=false
WORKDIR /app
COPY package.json ./
RUN npm install && npm cache clean --force
"""
UV = """\
FROM python:3.12
ENV UV_DEFAULT_INDEX={address}/simple UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /app
COPY pyproject.toml ./
RUN uv sync --no-install-project --python /usr/bin/python3
"""
UV_PIP = """\
FROM python:3.12
ENV UV_DEFAULT_INDEX={address}/simple UV_BREAK_SYSTEM_PACKAGES=1
WORKDIR /app
COPY requirements.txt ./
RUN uv pip install --system --no-cache -r requirements.txt
"""
POETRY = """\
FROM python:3.12
ENV POETRY_VIRTUALENVS_IN_PROJECT=true POETRY_VIRTUALENVS_OPTIONS_NO_PIP=true
WORKDIR /app
COPY pyproject.toml ./
RUN poetry install --no-root --no-interaction
"""
PNPM = """\
FROM node:22
ENV npm_config_registry={address} npm_config_update_notifier=false
WORKDIR /app
COPY package.json ./
RUN pnpm install
"""
YARN = """\
FROM node:22
ENV npm_config_registry={address}
WORKDIR /app
COPY package.json ./
RUN yarn install && yarn cache clean
"""
MODERN_YARN = """\
FROM node:22
ENV YARN_NPM_REGISTRY_SERVER={address} YARN_UNSAFE_HTTP_WHITELIST=127.0.0.1
ENV PATH=/opt/yarn/bin:$PATH
WORKDIR /app
COPY package.json .yarnrc.yml ./
RUN yarn install && yarn cache clean
"""
BUN = """\
FROM oven/bun:1
ENV npm_config_registry={address}
WORKDIR /app
COPY package.json ./
RUN bun install
"""
APT = """\
FROM debian:12
RUN echo 'deb [trusted=yes] {address}/debian ./' > /etc/apt/sources.list
RUN apt-get update && apt-get install -y --no-install-recommends alpha && rm -rf /var/lib/apt/lists/*
COPY wanted ./
RUN apt-get update \\
    && apt-get install -y --no-install-recommends $(cat wanted) \\
    && apt-get clean \\
    && rm -rf /var/lib/apt/lists/*
"""
TOOLS = [
    Tool(
        "pip",
        PIP,
        "requirements.txt",
        "alpha\nbeta\n",
        "alpha\nbeta\ngamma\n",
        ("usr/local/lib/python3.11/dist-packages/__pycache__",),  # they hold the time
    ),
    Tool(
        "npm",
        NPM,
        "package.json",
        _npm("alpha", "beta"),
        _npm("alpha", "beta", "gamma"),
    ),
    Tool("uv sync", UV, "pyproject.toml", _project("alpha", "beta"), _project(*NAMES)),
    Tool("uv pip", UV_PIP, "requirements.txt", "alpha\nbeta\n", "alpha\nbeta\ngamma\n"),
    Tool("poetry", POETRY, "pyproject.toml", _project("alpha", "beta"), _project(*NAMES)),
    Tool(
        "pnpm",
        PNPM,
        "package.json",
        _npm("alpha", "beta"),
        _npm(*NAMES),
        (  # they hold the time
            "app/node_modules/.modules.yaml",
            "app/node_modules/.pnpm-workspace-state-v1.json",
            "root/.cache/pnpm",
        ),
    ),
    Tool(
        "yarn 1",
        YARN,
        "package.json",
        _npm("alpha", "beta"),
        _npm(*NAMES),
        ("tmp/v8-compile-cache-0",),
    ),
    Tool(
        "yarn 4",
        MODERN_YARN,
        "package.json",
        _npm("alpha", "beta", packageManager="yarn@4.18.1"),
        _npm(*NAMES, packageManager="yarn@4.18.1"),
        ("app/.yarn/install-state.gz",),  # in the order in which packages came
        others={".yarnrc.yml": "nodeLinker: node-modules\n"},
    ),
    Tool("bun", BUN, "package.json", _npm("alpha", "beta"), _npm(*NAMES)),
    Tool(
        "apt-get",
        APT,
        "wanted",
        "beta",
        "beta gamma",
        ("var/log", "var/cache/ldconfig", "etc/apt/apt.conf.d/docker-clean"),
    ),
    Tool(
        "apt",
        APT.replace("apt-get", "apt"),
        "wanted",
        "beta",
        "beta gamma",
        ("var/log", "var/cache/ldconfig", "etc/apt/apt.conf.d/docker-clean"),
    ),
]


def suggested(text: str, tool: Tool) -> tuple[str, list[str]]:
    """The Dockerfile with the mounts that the rule suggests, and where these lie."""
    files = {"Dockerfile": text, tool.manifest: tool.first, **tool.others}
    report = rules.inspect(Repository(frozenset(files), texts=files), "Dockerfile")
    assert report.build is not None
    mounts = [f for f in report.findings if f.rule == "missing-cache-mount"]
    assert mounts
    assert mounts[0].fix is not None, mounts[0].no_fix
    after, done = rules.combine(report.build, mounts)
    assert done == mounts
    targets = {mount.target for layer in after.layers for mount in layer.mounts}
    return after.dockerfile.text, sorted(target.lstrip("/") for target in targets)


NEW = f"! '(' -newermt @{EPOCH - 1} ! -newermt @{EPOCH} ')'"
# Kind, mode, owner, path and target of each file, then the sums of those that are not the base image's,
# which have all one time: exporting images of this size takes twenty times as long.
LIST = rf"""
FROM made AS listed
USER root
RUN cd / && places=$(ls -A | grep -vxE 'proc|sys|dev') \
    && find $places -xdev -printf '%y %m %U %G %p -> %l\n' > /.listed \
    && find $places -xdev -type f {NEW} -exec md5sum {{}} + >> /.listed
FROM scratch
COPY --from=listed /.listed /
"""

MANY = 2_000
"""Lines of a list, fewer than any of these images has: a list of nothing would differ from none."""
COMPILED = "tmp/node-compile-cache"
"""What Node.js keeps of programs that ask for it: other bytes each time."""


def paths(listed: Path, ignoring: tuple[str, ...]) -> set[str]:
    """The lines of a list, without those on what is in a folder of `ignoring` or on the way to it."""
    lines = listed.read_text(errors="surrogateescape").splitlines()
    return {line for line in lines if not any(_is_near(line, out) for out in ignoring)}


def _is_near(line: str, out: str) -> bool:
    path = line.partition(" -> ")[0].rpartition(" ")[2]
    return f"{path}/".startswith(f"{out}/") or (line[0] == "d" and out.startswith(f"{path}/"))


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_after_a_manifest_change_only_the_new_package_is_downloaded(engine, tool, tmp_path):
    def made(text, manifest, place=None):
        files = {tool.manifest: manifest.replace("ADDRESS", server.address), **tool.others}
        text = text.replace("\n", " AS made\n", 1)
        case = Case(
            {**files, "../Dockerfile": text},
            dockerfile="../Dockerfile",
            text=text + LIST if place else text,
            shims="real",
            network="host",
            flags=(f"--output=type=local,dest={place}",) if place else (),
        )
        try:
            result = build(engine, case)
        except Unavailable as error:
            pytest.skip(f"no real tools: {error}")
        assert result.error is None, result.error + result.log

    engine.forget()
    with registry(NAMES) as server:
        text = tool.text.format(address=server.address)
        fixed, targets = suggested(text, tool)
        made(fixed, tool.first)
        assert sorted(set(server.downloads)) == ["alpha", "beta"]
        server.downloads.clear()
        made(fixed, tool.second, tmp_path / "mounted")
        assert set(server.downloads) == {"gamma"}
        made(text, tool.second, tmp_path / "plain")
    mounted, plain = (
        paths(tmp_path / side / ".listed", (*tool.ignoring, *targets, COMPILED))
        for side in ("mounted", "plain")
    )
    assert len(mounted) > MANY
    assert sorted(mounted ^ plain) == []


def test_from_the_naive_file_suggestions_lead_to_one_in_which_only_the_source_is_copied_again(
    engine,
):
    files = improved({"Dockerfile": NAIVE, **PROJECT})
    context = {path: text for path, text in files.items() if path != "Dockerfile"}
    case = Case(
        {**context, "../Dockerfile": files["Dockerfile"]},
        dockerfile="../Dockerfile",
        text=files["Dockerfile"],
        shims="faithful",
    )
    again = rebuild(engine, case, {"op": "modify", "path": "main.py"})
    assert again.error is None, again.error + again.log
    assert [step.keyword for step in again.steps if step.status == "run"] == ["COPY"]

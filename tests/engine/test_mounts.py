"""Suggested mounts with the real tools: what one build has downloaded the next one does not.

The base image is Debian with pip and npm (real.py), under the names that the rule knows; the
packages come from a registry on loopback that counts.
"""

import json
from dataclasses import dataclass

import pytest

import rules
from rules.model.repository import Repository
from tests.engine.build import Case, build, compare, rebuild
from tests.engine.engine import Unavailable
from tests.engine.registry import registry
from tests.rules.naive import NAIVE, PROJECT, improved

pytestmark = pytest.mark.engine

NAMES = ("alpha", "beta", "gamma")


@dataclass(frozen=True)
class Tool:
    """A Dockerfile, its manifest with two packages and then a third, and where trees may differ."""

    name: str
    text: str
    manifest: str
    first: str
    second: str
    ignoring: tuple[str, ...] = ()


def _npm(*names: str) -> str:
    return json.dumps(
        {"name": "app", "version": "1.0.0", "dependencies": dict.fromkeys(names, "1.0.0")}
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
        ("tmp/node-compile-cache",),
    ),
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
    files = {"Dockerfile": text, tool.manifest: tool.first}
    report = rules.inspect(Repository(frozenset(files), texts=files), "Dockerfile")
    assert report.build is not None
    mounts = [f for f in report.findings if f.rule == "missing-cache-mount"]
    assert mounts
    assert mounts[0].fix is not None, mounts[0].no_fix
    after, done = rules.combine(report.build, mounts)
    assert done == mounts
    targets = {mount.target for layer in after.layers for mount in layer.mounts}
    return after.dockerfile.text, sorted(target.lstrip("/") for target in targets)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_after_a_manifest_change_only_the_new_package_is_downloaded(engine, tool):
    def made(text, manifest):
        files = {tool.manifest: manifest}
        case = Case(
            {**files, "../Dockerfile": text},
            dockerfile="../Dockerfile",
            text=text,
            shims="real",
            network="host",
        )
        try:
            result = build(engine, case, export=True)
        except Unavailable as error:
            pytest.skip(f"no real tools: {error}")
        assert result.error is None, result.error + result.log
        return result.tree

    engine.forget()
    with registry(NAMES) as server:
        text = tool.text.format(address=server.address)
        fixed, targets = suggested(text, tool)
        made(fixed, tool.first)
        assert sorted(set(server.downloads)) == ["alpha", "beta"]
        server.downloads.clear()
        mounted = made(fixed, tool.second)
        assert server.downloads == ["gamma"]
        plain = made(text, tool.second)
    assert compare(plain, mounted, (*tool.ignoring, *targets)) == []


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

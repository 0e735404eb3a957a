"""RUNs that are split, and steps that are moved."""

from tests.engine.traps.trap import NPM, PYTHON, Trap, all_first, manifests_first

SPLIT_AND_MOVED = [
    Trap(
        "a compound RUN is split across cd",
        {
            "web/package.json": '{"scripts": {"build": "echo built > out"}}',
            "web/package-lock.json": "{}",
        },
        all_first("cd web && npm ci && npm run build"),
        "FROM node:20\nWORKDIR /app\nCOPY web/package*.json web/\nRUN cd web && npm ci\nCOPY . .\nRUN npm run build\n",
        "FROM node:20\nWORKDIR /app\nCOPY web/package*.json web/\nRUN cd web && npm ci\nCOPY . .\nRUN cd web && npm run build\n",
        "package.json",
    ),
    Trap(
        "a compound RUN is split across export",
        {**NPM, "package.json": '{"dependencies": {"a": "1"}, "devDependencies": {"b": "1"}}'},
        all_first("export NODE_ENV=production && npm ci"),
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN export NODE_ENV=production\nRUN npm ci\nCOPY . .\n",
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN export NODE_ENV=production && npm ci\nCOPY . .\n",
    ),
    Trap(
        "a compound RUN is split across a variable",
        {**NPM, "package.json": '{"dependencies": {"a": "1"}, "devDependencies": {"b": "1"}}'},
        all_first("FLAGS=--omit=dev; npm ci $FLAGS"),
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN FLAGS=--omit=dev\nRUN npm ci $FLAGS\nCOPY . .\n",
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN FLAGS=--omit=dev; npm ci $FLAGS\nCOPY . .\n",
    ),
    Trap(
        "the prune moves before the build",
        {
            "package.json": '{"scripts": {"build": "tsc"}, "devDependencies": {"typescript": "5"}}',
            "package-lock.json": "{}",
            "tsconfig.json": "{}",
        },
        all_first("npm ci && npm run build && npm prune --omit=dev"),
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci && npm prune --omit=dev\nCOPY . .\nRUN npm run build\n",
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build && npm prune --omit=dev\n",
        "tsc: not found",
    ),
    Trap(
        "a RUN that installs certificates moves above their COPY",
        {"ca.crt": "x"},
        "FROM debian:12\nCOPY ca.crt /usr/local/share/ca-certificates/\nRUN update-ca-certificates\n",
        "FROM debian:12\nRUN update-ca-certificates\nCOPY ca.crt /usr/local/share/ca-certificates/\n",
    ),
    Trap(
        "a RUN moves above the sources of apt",
        {"extra.list": "deb x"},
        "FROM debian:12\nCOPY extra.list /etc/apt/sources.list.d/\nRUN apt-get update && apt-get install -y curl\n",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nCOPY extra.list /etc/apt/sources.list.d/\n",
    ),
    Trap(
        "a RUN moves above pip.conf",
        {**PYTHON, "pip.conf": "[global]\nindex-url = x\n"},
        "FROM python:3.12\nCOPY pip.conf /etc/pip.conf\nRUN pip install flask\n",
        "FROM python:3.12\nRUN pip install flask\nCOPY pip.conf /etc/pip.conf\n",
    ),
    Trap(
        "a RUN moves above the settings that a COPY puts into a home",
        {"pip.conf": "[global]\nindex-url = x\n"},
        "FROM python:3.12\nCOPY pip.conf /root/.config/pip/pip.conf\nRUN pip install flask\n",
        "FROM python:3.12\nRUN pip install flask\nCOPY pip.conf /root/.config/pip/pip.conf\n",
    ),
    Trap(
        "a RUN moves above the tool that a COPY brings",
        {"fetch": {"content": "#!/bin/sh\necho x > /fetched\n", "mode": "755"}},
        "FROM debian:12\nCOPY fetch /usr/local/bin/fetch\nRUN fetch\n",
        "FROM debian:12\nRUN fetch\nCOPY fetch /usr/local/bin/fetch\n",
    ),
    Trap(
        "a tool is used before it is installed",
        {"pyproject.toml": '[tool.poetry]\nname = "a"\npackage-mode = false\n', "poetry.lock": ""},
        all_first("pip install poetry\nRUN poetry install --no-root", "python:3.12"),
        manifests_first(
            "poetry install --no-root\nRUN pip install poetry",
            "COPY pyproject.toml poetry.lock ./\n",
            "python:3.12",
        ),
        manifests_first(
            "pip install poetry\nRUN poetry install --no-root",
            "COPY pyproject.toml poetry.lock ./\n",
            "python:3.12",
        ),
        "not installed",
    ),
    Trap(
        "packages are installed before the index is fetched",
        {},
        "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n",
        "FROM debian:12\nRUN apt-get install -y curl\nRUN apt-get update\n",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
        "unable to locate package",
    ),
    Trap(
        "COPY --chown names an account that is made later: the engine takes root, and says nothing",
        {"a": "1"},
        "FROM debian:12\nCOPY . /srv\nRUN useradd worker && chown -R worker /srv\n",
        "FROM debian:12\nCOPY --chown=worker . /srv\nRUN useradd worker\n",
    ),
    Trap(
        "COPY --chown leaves the folder itself to root",
        {"a": "1"},
        "FROM debian:12\nRUN useradd worker\nWORKDIR /srv\nCOPY . .\nRUN chown -R worker:worker /srv\n",
        "FROM debian:12\nRUN useradd worker\nWORKDIR /srv\nCOPY --chown=worker:worker . .\n",
        "FROM debian:12\nRUN useradd worker\nWORKDIR /srv\nRUN chown worker:worker /srv\nCOPY --chown=worker:worker . .\n",
    ),
    Trap(
        "COPY --chown without the group of chown -R",
        {"a": "1"},
        "FROM debian:12\nRUN groupadd -g 3000 staff2 && useradd -u 3001 worker\nCOPY . /srv/\nRUN chown -R worker:staff2 /srv\n",
        "FROM debian:12\nRUN groupadd -g 3000 staff2 && useradd -u 3001 worker\nCOPY --chown=worker . /srv/\n",
        "FROM debian:12\nRUN groupadd -g 3000 staff2 && useradd -u 3001 worker\nRUN mkdir /srv -p && chown worker:staff2 /srv\nCOPY --chown=worker:staff2 . /srv/\n",
    ),
    Trap(
        "COPY --chmod gives folders the mode of files",
        {"bin/a": "1", "bin/sub/b": "2"},
        "FROM debian:12\nCOPY bin /opt/bin\nRUN chmod 644 /opt/bin/a\n",
        "FROM debian:12\nCOPY --chmod=640 bin /opt/bin\n",
        "FROM debian:12\nCOPY bin /opt/bin\nCOPY --chmod=644 bin/a /opt/bin/a\n",
    ),
]

import pytest

import rules
from rules.missing_cache_mount import rule
from rules.model.repository import Repository
from tests.rules.model.pace import seconds
from tests.rules.tools import build, check_fixed, check_silent, check_words, findings

FILES = {
    "requirements.txt": "flask\n",
    "package.json": "{}",
    "package-lock.json": "{}",
    "yarn.lock": "# yarn lockfile v1\n",
    "go.mod": "module a.b/c\nrequire d.e/f v1.0.0\n",
    "Cargo.toml": "[package]\nname='a'\n",
    "pom.xml": "<project/>",
    "a.csproj": "<Project/>",
    "pyproject.toml": "[tool.poetry]\nname='a'\n",
    "composer.json": "{}",
    "rootfs/root/.npm/x": "",
    "old/package.json": '{"name": "app", "packageManager": "yarn@3.6.0"}',
    "old/.yarnrc.yml": "nodeLinker: node-modules\n",
    "runtime.json": '{"devDependencies": {"node": "runtime:22"}}',
}
PY = "FROM python:3\nWORKDIR /app\nCOPY requirements.txt ./\n"
JS = "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\n"
GO = "FROM golang:1.25 AS build\nWORKDIR /app\nCOPY go.mod ./\n"
PIP = "--mount=type=cache,target=/root/.cache/pip"
NPM = "--mount=type=cache,target=/root/.npm"
APT = """--mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\
    """
CLEAN = "rm -f /etc/apt/apt.conf.d/docker-clean && "
INSTALL = "pip install -r requirements.txt"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


def fixed(before, after, edit="requirements.txt"):
    check_fixed(rule, before, after, FILES, edit=edit)


@pytest.mark.parametrize(
    ("head", "before", "after"),
    [
        (PY, f"RUN {INSTALL}", f"RUN {PIP} {INSTALL}"),
        (JS, "RUN npm ci", f"RUN {NPM} npm ci"),
        (JS, "RUN npm ci --cache /tmp/npm", "RUN --mount=type=cache,target=/tmp/npm npm ci --cache /tmp/npm"),
        (JS, 'RUN ["npm", "ci"]', f'RUN {NPM} ["npm", "ci"]'),
        (JS, "RUN if [ -f package-lock.json ]; then npm ci; fi", f"RUN {NPM} if [ -f package-lock.json ]; then npm ci; fi"),
        (JS, "USER node\nRUN npm ci", "USER node\nRUN --mount=type=cache,target=/home/node/.npm,uid=1000,gid=1000 npm ci"),
        (JS, "USER 1000\nRUN npm ci", "USER 1000\nRUN --mount=type=cache,target=/home/node/.npm,uid=1000,gid=1000 npm ci"),
        ("FROM node:22\nCOPY package.json yarn.lock ./\n", "RUN yarn install --frozen-lockfile",
         "RUN --mount=type=cache,target=/usr/local/share/.cache/yarn,sharing=locked yarn install --frozen-lockfile"),
        ("FROM node:22\nWORKDIR /app\nCOPY old/ ./\n", "RUN yarn install", "RUN --mount=type=cache,target=/app/.yarn/cache,id=app-yarn-cache,sharing=locked yarn install"),
        ("FROM node:22\nCOPY package.json ./\n", "RUN pnpm install", "RUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm install"),
        ("FROM oven/bun\nCOPY package.json ./\n", "RUN bun install", "RUN --mount=type=cache,target=/root/.bun/install/cache bun install"),
        (PY, "RUN uv pip install --system -r requirements.txt", "RUN --mount=type=cache,target=/root/.cache/uv uv pip install --system -r requirements.txt"),
        ("FROM python:3\nCOPY pyproject.toml ./\n", "RUN poetry install --no-root",
         ("RUN --mount=type=cache,target=/root/.cache/pypoetry/cache \\\n"
         "    --mount=type=cache,target=/root/.cache/pypoetry/artifacts \\\n    poetry install --no-root")),
        ("FROM composer:2\nCOPY composer.json ./\n", "RUN composer install", "RUN --mount=type=cache,target=/tmp/cache composer install"),
        ("FROM php:8\nCOPY composer.json ./\n", "RUN composer install", "RUN --mount=type=cache,target=/root/.composer/cache composer install"),
        (PY, f"RUN --network=host python -m {INSTALL}", f"RUN --network=host {PIP} python -m {INSTALL}"),
        (PY, "RUN pip install --upgrade pip && \\\n    pip install \\\n      --no-cache-dir \\\n      -r requirements.txt",
         f"RUN {PIP} pip install --upgrade pip && \\\n    pip install \\\n      -r requirements.txt"),
        ("# syntax=docker/dockerfile:1.4\n" + PY, f"RUN <<EOF\n{INSTALL}\nEOF", f"RUN {PIP} <<EOF\n{INSTALL}\nEOF"),
    ],
)  # fmt: skip
def test_the_mount_lies_where_this_tool_and_user_keep_the_cache(head, before, after):
    fixed(f"{head}{before}\n", f"{head}{after}\n")


@pytest.mark.parametrize(
    ("head", "said", "call", "target"),
    [
        (PY, "ENV PIP_CACHE_DIR=/var/cache/pip", INSTALL, "/var/cache/pip"),
        (PY, "ENV XDG_CACHE_HOME=/x", INSTALL, "/x/pip"),
        (PY, "ENV HOME=/srv", INSTALL, "/srv/.cache/pip"),
        (PY, "ENV UV_CACHE_DIR=/uv", "uv pip install -r requirements.txt", "/uv"),
        (JS, "ENV npm_config_cache=/n", "npm ci", "/n"),
        (JS, "ENV YARN_CACHE_FOLDER=/y", "yarn", "/y,sharing=locked"),
        (JS, "ENV PNPM_HOME=/pnpm", "pnpm install", "/pnpm/store"),
        (JS, "ENV BUN_INSTALL_CACHE_DIR=/b", "bun install", "/b"),
        ("FROM php:8\nCOPY composer.json ./\n", "ENV COMPOSER_CACHE_DIR=/c", "composer install", "/c"),
        (PY, "RUN useradd -m -u 1001 app\nUSER app\nENV npm_config_cache=/home/app/npm", "npm ci", "/home/app/npm,uid=1001"),
        (PY, "RUN adduser -D --uid 7 --gid 8 --home /a app\nUSER app", "npm ci", "/a/.npm,uid=7,gid=8"),
    ],
)  # fmt: skip
def test_variables_and_accounts_of_the_file_decide(head, said, call, target):
    start = f"{head}{said}\n"
    fixed(f"{start}RUN {call}\n", f"{start}RUN --mount=type=cache,target={target} {call}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # One RUN, and its lists.
        ("RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
         f"RUN {APT}{CLEAN}apt-get update && apt-get install -y curl\n"),
        # Both folders in all RUNs of the stage and of those built on it.
        ("RUN apt-get update && apt-get install -y curl\nRUN apt-get update -q \\\n    && apt-get install -y git \\\n    && apt-get clean \\\n    && rm -rf /var/lib/apt/lists/* /tmp/*\n",
         f"RUN {APT}{CLEAN}apt-get update && apt-get install -y curl\nRUN {APT}apt-get update -q \\\n    && apt-get install -y git \\\n    && rm -rf /tmp/*\n"),
        ("AS base\nRUN set -eux; apt-get update; apt-get install -y curl; rm -rf /var/lib/apt/lists/*\nFROM base\nRUN apt-get update && apt-get install -y git\n",
         f"AS base\nRUN {APT}{CLEAN}set -eux; apt-get update; apt-get install -y curl\nFROM base\nRUN {APT}apt-get update && apt-get install -y git\n"),
        # What somebody has removed already, and the program that keeps nothing by itself.
        ("RUN rm -f /etc/apt/apt.conf.d/docker-clean\nRUN apt update && apt install -y curl\n",
         f"RUN rm -f /etc/apt/apt.conf.d/docker-clean\nRUN {APT}apt update && apt -o APT::Keep-Downloaded-Packages=true install -y curl\n"),
        ("RUN --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update && apt-get install -y curl\n",
         f"RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt/lists,sharing=locked {CLEAN}apt-get update && apt-get install -y curl\n"),
    ],
)  # fmt: skip
def test_apt_keeps_both_folders_and_nothing_deletes_them(before, after):
    head = "FROM debian:12 " if before.startswith("AS") else "FROM debian:12\n"
    fixed(head + before, head + after)


@pytest.mark.parametrize(
    ("image", "before", "after"),
    [
        ("alpine:3", "apk add --no-cache curl", "--mount=type=cache,target=/etc/apk/cache,sharing=locked apk add --update-cache curl"),
        ("fedora:40", "dnf install -y curl && dnf clean all", "--mount=type=cache,target=/var/cache/dnf,sharing=locked dnf --setopt=keepcache=1 install -y curl"),
        ("fedora", "dnf -y install curl", "--mount=type=cache,target=/var/cache/libdnf5,sharing=locked dnf --setopt=keepcache=1 -y install curl"),
        ("centos:7", "yum install -y git && yum clean all", "--mount=type=cache,target=/var/cache/yum,sharing=locked yum --setopt=keepcache=1 install -y git"),
        ("rockylinux:9", "dnf install -y --setopt=keepcache=True git", "--mount=type=cache,target=/var/cache/dnf,sharing=locked dnf install -y --setopt=keepcache=True git"),
    ],
)  # fmt: skip
def test_each_distribution_has_its_own_way(image, before, after):
    fixed(f"FROM {image}\nRUN {before}\n", f"FROM {image}\nRUN {after}\n")


MODULES = "--mount=type=cache,target=/go/pkg/mod"
BUILT = f"{MODULES} \\\n    --mount=type=cache,target=/root/.cache/go-build \\\n    "


@pytest.mark.parametrize(
    ("head", "before", "after", "tail"),
    [
        (GO, "RUN go mod download\nCOPY . .\nRUN go build -o /app .\n",
         f"RUN {MODULES} go mod download\nCOPY . .\nRUN {BUILT}go build -o /app .\n", "FROM alpine\nCOPY --from=build /app /app\n"),
        ("FROM rust:1 AS build\nWORKDIR /src\nCOPY Cargo.toml ./\n", "RUN cargo build --release\n",
         "RUN --mount=type=cache,target=/usr/local/cargo/registry \\\n    --mount=type=cache,target=/usr/local/cargo/git/db \\\n    cargo build --release\n",
         "FROM debian:12\nCOPY --from=build /src/target/release/app /\n"),
        ("FROM maven:3 AS build\nCOPY pom.xml ./\nCOPY settings.xml /root/.m2/\n", "RUN mvn package\n",
         "RUN --mount=type=cache,target=/root/.m2/repository,sharing=locked mvn package\n", "FROM debian:12\nCOPY --from=build /target/a.jar /\n"),
        ("FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\nCOPY . .\n", "RUN dotnet restore\nRUN dotnet publish -o /out\n",
         ("RUN --mount=type=cache,target=/root/.nuget/packages dotnet restore\n"
         "RUN --mount=type=cache,target=/root/.nuget/packages dotnet publish -o /out\n"), "FROM debian:12\nCOPY --from=build /out /\n"),
        ("FROM gradle:8 AS build\nCOPY . .\n", "RUN gradle build\n",
         ("RUN --mount=type=cache,target=/home/gradle/.gradle/caches,sharing=locked \\\n"
         "    --mount=type=cache,target=/home/gradle/.gradle/wrapper,sharing=locked \\\n    gradle build\n"),
         "FROM debian:12\nCOPY --from=build /build/libs/a.jar /\n"),
    ],
)  # fmt: skip
def test_what_later_calls_read_is_mounted_in_each_of_them(head, before, after, tail):
    check_fixed(
        rule,
        head + before + tail,
        head + after + tail,
        FILES | {"settings.xml": ""},
        edit="Cargo.toml",
    )


@pytest.mark.parametrize(
    ("image", "said", "call", "targets"),
    [
        ("golang:1.25", "ENV GOMODCACHE=/m", "go mod download", ["/m"]),
        ("golang:1.25", "ENV GOPATH=/g", "go mod download", ["/g/pkg/mod"]),
        ("golang:1.25", "ENV GOCACHE=/c", "go build -o /out .", ["/go/pkg/mod", "/c"]),
        ("rust:1", "ENV CARGO_HOME=/c", "cargo fetch", ["/c/registry", "/c/git/db"]),
        ("gradle:8", "ENV GRADLE_USER_HOME=/g", "gradle build", ["/g/caches,sharing=locked", "/g/wrapper,sharing=locked"]),
        ("mcr.microsoft.com/dotnet/sdk:9.0", "ENV NUGET_PACKAGES=/n", "dotnet publish -o /out", ["/n"]),
    ],
)  # fmt: skip
def test_variables_move_caches_that_later_calls_read(image, said, call, targets):
    start = f"FROM {image} AS build\nWORKDIR /app\n{said}\nCOPY go.mod Cargo.toml a.csproj ./\n"
    tail = "FROM debian:12\nCOPY --from=build /out /out\n"
    gap = " \\\n    " if len(targets) > 1 else " "
    flags = "".join(f"--mount=type=cache,target={target}{gap}" for target in targets)
    fixed(f"{start}RUN {call}\n{tail}", f"{start}RUN {flags}{call}\n{tail}", edit="go.mod")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ENV PIP_NO_CACHE_DIR=1\nRUN " + INSTALL, f"RUN {PIP} {INSTALL}"),
        ("ENV A=1 PIP_NO_CACHE_DIR=1 B=2\nRUN " + INSTALL, f"ENV A=1 B=2\nRUN {PIP} {INSTALL}"),
        ("ENV PIP_NO_CACHE_DIR=1 \\\n    B=2\nRUN " + INSTALL, f"ENV B=2\nRUN {PIP} {INSTALL}"),
        (f"RUN {INSTALL} && pip cache purge", f"RUN {PIP} {INSTALL}"),
        (f"RUN {INSTALL} \\\n    && rm -rf ~/.cache/pip", f"RUN {PIP} {INSTALL}"),
        (f"RUN {INSTALL} && rm -rf /root/.cache", f"RUN {PIP} {INSTALL}"),
        (f"RUN {INSTALL} && cd && rm -rf x", f"RUN {PIP} {INSTALL} && cd && rm -rf x"),
        (f"RUN {INSTALL} && cd && rm -rf /tmp/$x", f"RUN {PIP} {INSTALL} && cd && rm -rf /tmp/$x"),
        (f"RUN {INSTALL} && rm -rf /srv/{{a,b}}", f"RUN {PIP} {INSTALL} && rm -rf /srv/{{a,b}}"),
        (f"RUN {INSTALL} && rm -rf pip", f"RUN {PIP} {INSTALL} && rm -rf pip"),
        (f"RUN {INSTALL} && find /root/.cache", f"RUN {PIP} {INSTALL} && find /root/.cache"),
        (f"RUN {INSTALL} && find / -name x -delete", f"RUN {PIP} {INSTALL} && find / -name x -delete"),
        (f"RUN {INSTALL} && find / -name '*.pyc' | xargs rm", f"RUN {PIP} {INSTALL} && find / -name '*.pyc' | xargs rm"),
        (f"RUN {INSTALL} && find / -perm /6000 -exec chmod a-s {{}} +", f"RUN {PIP} {INSTALL} && find / -perm /6000 -exec chmod a-s {{}} +"),
        (f'RUN {INSTALL} && rm -rf "$TEMP" /root/.ash*', f'RUN {PIP} {INSTALL} && rm -rf "$TEMP" /root/.ash*'),
        (f"RUN {INSTALL} && mv /x /root/ && tar -xzf y -C /root", f"RUN {PIP} {INSTALL} && mv /x /root/ && tar -xzf y -C /root"),
        (f"RUN {INSTALL} && cd /root && rm -rf .cache", f"RUN {PIP} {INSTALL} && cd /root"),
        (f'RUN {INSTALL} && rm -rf "$HOME"/.cache/pip', f"RUN {PIP} {INSTALL}"),
        (f"RUN {INSTALL} && rm -rf /root/.cache/pip/*/*.body", f"RUN {PIP} {INSTALL}"),
        (f"RUN rm -rf /root/.cache/pip && {INSTALL}", f"RUN {PIP} {INSTALL}"),
        (f"RUN {INSTALL} && rm -rf /root/.cache/pip /tmp/x", f"RUN {PIP} {INSTALL} && rm -rf /tmp/x"),
        ("RUN npm ci && npm cache clean --force && echo done", f"RUN {NPM} npm ci && echo done"),
    ],
)  # fmt: skip
def test_what_would_empty_the_cache_goes_with_the_mount(before, after):
    head = PY if "pip" in before else JS
    fixed(f"{head}{before}\n", f"{head}{after}\n")


BUILD = "FROM golang:1.25 AS build\nWORKDIR /app\nCOPY go.mod ./\n"
OUT = "FROM debian:12\nCOPY --from=build /out /out\n"


@pytest.mark.parametrize(
    ("head", "call", "cleaning", "target"),
    [
        ("FROM node:22\nCOPY package.json yarn.lock ./\n", "yarn install", "yarn cache clean", "/usr/local/share/.cache/yarn,sharing=locked"),
        ("FROM node:22\nCOPY package.json ./\n", "pnpm install", "pnpm store prune", "/root/.local/share/pnpm/store"),
        ("FROM oven/bun\nCOPY package.json ./\n", "bun install", "bun pm cache rm", "/root/.bun/install/cache"),
        (PY, "uv pip install --system -r requirements.txt", "uv cache clean", "/root/.cache/uv"),
        ("FROM php:8\nCOPY composer.json ./\n", "composer install", "composer clear-cache", "/root/.composer/cache"),
        ("FROM php:8\nCOPY composer.json ./\n", "composer install", "composer clearcache", "/root/.composer/cache"),
        (BUILD, "go mod download", "go clean -modcache", "/go/pkg/mod"),
    ],
)  # fmt: skip
def test_each_managers_own_cleaning_goes_with_its_mount(head, call, cleaning, target):
    tail = OUT if head == BUILD else ""
    mounted = f"{head}RUN --mount=type=cache,target={target} {call}\n{tail}"
    fixed(
        f"{head}RUN {call} && {cleaning}\n{tail}",
        mounted,
        edit="go.mod" if tail else "package.json",
    )


@pytest.mark.parametrize(
    "cleaning", ["npm cache clean --force", "yarn cache clean", "rm -rf /root/.npm"]
)
def test_the_cleaning_of_another_managers_cache_stays(cleaning):
    fixed(f"{PY}RUN {INSTALL} && {cleaning}\n", f"{PY}RUN {PIP} {INSTALL} && {cleaning}\n")


@pytest.mark.parametrize(
    "dockerfile",
    [
        PY + f"RUN {PIP} {INSTALL}\n",
        PY + f"RUN --mount=type=cache,target=/root/.cache {INSTALL}\n",
        PY + "RUN --mount=type=cache,target=/root/.cache/pip/http pip install flask\n",
        "FROM alpine\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n",
        PY + f"CMD {INSTALL}\n",
        PY + "RUN pip --version && npm --version\n",
        GO + "RUN go version\n",
        GO.replace("AS build", "AS b")
        + "COPY . .\nRUN --mount=type=cache,target=/go/pkg/mod/ go build -o /a .\nFROM alpine\nCOPY --from=b /a /a\n",
        PY + "RUN uv python install 3.12\n",
        "FROM elixir\nRUN mix local.hex --force\n",
        PY + 'SHELL ["pwsh", "-c"]\nRUN pip install flask\n',
    ],
)
def test_silent_where_a_mount_is_there_or_nothing_is_installed(dockerfile):
    check_silent(rule, dockerfile, FILES)


REFUSED = [
    # Whoever runs it, and where its cache is, is not certain.
    (PY + f"ENV HOME=/app\nUSER 1000\nRUN {INSTALL}\n", "account"),
    (PY + f"USER app\nRUN {INSTALL}\n", "account"),
    (PY + f"RUN useradd -m app\nUSER app\nRUN {INSTALL}\n", "account"),
    (PY + f"RUN useradd -u 7 app\nUSER app\nRUN {INSTALL}\n", "account"),
    (PY + f"RUN useradd -m -u 7 app\nUSER app\nRUN {INSTALL}\n", "folder above the cache"),
    (PY + f"RUN sudo {INSTALL}\n", "environment is not known"),
    ("FROM registry.example.com/base\nUSER root\nRUN pip install flask\n", "base image"),
    ("FROM jupyter/base\nUSER root\nRUN pip install flask\n", "base image"),
    ("FROM lukemathwalker/cargo-chef AS a\nRUN cargo install x\nFROM b\nCOPY --from=a /x /\n", "base image"),
    (PY + f"ARG D\nENV PIP_CACHE_DIR=$D\nRUN {INSTALL}\n", "not known"),
    (PY + "RUN pip install --cache-dir $D -r requirements.txt\n", "not known"),
    (PY + f"RUN PIP_CACHE_DIR=x {INSTALL}\n", "not known"),
    (PY + "RUN pip install --target /x flask\n", "elsewhere"),
    (JS + "RUN npm config set cache /x && npm ci\n", "moved the cache"),
    (JS + "RUN corepack prepare yarn@4 --activate\nRUN yarn\n", "moved the cache"),
    ("FROM node:22\nRUN yarn\n", "version of yarn"),
    ("ARG V\nFROM fedora:$V\nRUN dnf install -y curl\n", "not known"),
    ("FROM registry.access.redhat.com/ubi9/ubi-minimal\nRUN microdnf install curl\n", "keeps no packages"),
    ("FROM opensuse/leap\nRUN zypper install -y curl\n", "keeps no packages"),
    # Something else lies there.
    (PY + "COPY requirements.txt /root/.cache/pip/\nRUN pip install flask\n", "where the cache is"),
    (JS + "COPY rootfs/ /\nRUN npm ci\n", "where the cache is"),
    (JS + "COPY --from=other /root /root\nRUN npm ci\n", "where the cache is"),
    (PY + f"RUN {INSTALL} && mkdir -p /root/.cache/pip/x\n", "names the cache"),
    (PY + f"RUN {INSTALL}\nRUN ls /root/.cache/pip\n", "names the folder"),
    (PY + f"RUN {INSTALL}\nRUN ls /root/.cache/pip '`'\n", "``RUN ls /root/.cache/pip '`'`` names"),
    # Somebody takes it from there.
    (PY.replace("3", "3 AS a", 1) + f"RUN {INSTALL}\nFROM python:3\nCOPY --from=a /root/.cache /root/.cache\n", "names the folder"),
    (PY.replace("3", "3 AS a", 1) + f"RUN {INSTALL}\nFROM python:3\nRUN --mount=type=bind,from=a,source=/root/.cache/pip,target=/c cp -r /c /d\n", "names the folder"),
    (PY.replace("3", "3 AS a", 1) + f"RUN {INSTALL}\nFROM python:3\nRUN --mount=type=cache,from=a,source=/root/.cache/pip,target=/c cp -r /c /d\n", "names the folder"),
    (PY.replace("3", "3 AS a", 1) + f"RUN {INSTALL}\nFROM python:3\nRUN --mount=type=bind,from=a,target=/c cp -r /c /d\n", "names the folder"),
    (JS + "RUN npm ci && npx playwright install\n", "npx"),
    # The program reads it when it runs, or another RUN does.
    ("FROM maven:3\nCOPY pom.xml ./\nRUN mvn package\nCMD mvn exec:java\n", "when it runs"),
    (GO + "RUN go mod download\nCMD go run .\n", "when it runs"),
    (GO + "RUN go mod download\nCOPY . .\nRUN make\nFROM alpine\nCOPY --from=build /app /\n", "line 6 may read"),
    (GO + "RUN go mod download\nFROM build\nRUN ./build.sh\nFROM alpine\nCOPY --from=build /app /\n", "when it runs"),
    ("FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\nCOPY . .\nRUN dotnet restore\nRUN dotnet publish --no-restore -o /out\nFROM debian:12\nCOPY --from=build /out /\n", "offline"),
    ("FROM maven:3 AS build\nCOPY . .\nRUN mvn dependency:go-offline\nRUN mvn -o package\nFROM debian:12\nCOPY --from=build /target/a.jar /\n", "offline"),
    (JS + "RUN npm ci --offline\n", "offline"),
    ("FROM node:22\nWORKDIR /app\nCOPY old/ ./\nRUN yarn --immutable --immutable-cache\n", "offline"),
    ("FROM denoland/deno\nRUN deno cache main.ts\n", "reads its modules"),
    # Packages that are used from the cache.
    (PY + "RUN UV_LINK_MODE=symlink uv pip install --system -r requirements.txt\n", "from the cache"),
    ("FROM continuumio/miniconda3\nRUN conda install -y numpy\n", "base image itself"),
    (JS + "RUN pnpm add -g serve\n", "from the store"),
    ("FROM node:22\nCOPY runtime.json package.json\nRUN pnpm install\n", "from the store"),
    # What switches it off elsewhere, or cannot be taken out.
    (PY + f"RUN --mount=type=cache,target=/home/app/.cache/pip {INSTALL}\n", "lies elsewhere"),
    (PY + f"ARG PIP_NO_CACHE_DIR=1\nRUN {INSTALL}\n", "switches the cache off"),
    (PY + f"RUN PIP_NO_CACHE_DIR=1 {INSTALL}\n", "switches the cache off"),
    (PY + f"ENV PIP_NO_CACHE_DIR=1\nRUN {INSTALL}\nRUN coproc a\n", "for other RUNs too"),
    (PY + f"ENV A=1 \\\n# why\n PIP_NO_CACHE_DIR=1\nRUN {INSTALL}\n", "switches the cache off"),
    (PY + f"ENV PIP_NO_CACHE_DIR=1 PIP_NO_CACHE_DIR=0\nRUN {INSTALL}\n", "switches the cache off"),
    (PY.replace("3", "3 AS a", 1) + f"ENV PIP_NO_CACHE_DIR=1\nRUN {INSTALL} && $(x\nFROM a\n", "cannot be read"),
    (PY + f"RUN {INSTALL} && (pip cache purge)\n", "taken out"),
    (PY + f"RUN {INSTALL}; pip cache purge || true\n", "taken out"),
    (PY + f"RUN {INSTALL} && rm -rf /root\n", "removes the folder"),
    (PY + f"RUN {INSTALL} && cd && rm -rf .cache\n", "removes the folder"),
    (PY + f"RUN {INSTALL} && cd ~ && rm -rf .cache/x\n", "removes the folder"),
    (PY + f"RUN {INSTALL} && rm -rf ~/{{.cache,.npm}}\n", "removes the folder"),
    (PY + f"RUN {INSTALL} && find /root/.cache -delete\n", "removes the folder"),
    *((PY + f"RUN {INSTALL} && {command}\n", "removes the folder") for command in (
        "rm -rf /root/.ca*", "rm -rf /roo?/.cache", "rm -rf ~/.[!.]*", "rm -rf /root/.cache/p?p", "rm -rf ~root/.c*",
        "rm -rf /root/.{cache,npm}", "(cd /root; rm -rf .c*)", "sh -c 'rm -rf /root/.ca*'", "sh -c 'rm -rf $x'",
        "for d in /root/.cache /x; do rm -rf $d; done", "cd /root && for d in .cache; do rm -rf $d; done",
        "rm -rf $(echo /root/.cache)", "ls -d /root/.cache | xargs rm -rf", "echo /root/.cache | while read d; do rm -rf $d; done",
        "find / -name .cache -exec rm -rf {} +", "find -L / -name '.c*' | xargs rm -rf", "find / ! -name x -delete", "cd $X && rm -rf *",
        "mv /root/.cache /x", "cp -r /root/.cache /x", "tar czf /x.tgz /root", "tar --create -f x /root", "rsync --delete /x/ /root/",
    )),
    # apt
    ("FROM debian:12\nRUN sudo -u app apt-get update && sudo -u app apt-get install -y curl\n", "account"),
    ("FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n", "another RUN has fetched"),
    ("FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN apt-get install -y git\n", "another RUN has fetched"),
    ("FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN ./setup.sh\n", "later RUN"),
    ('FROM debian:12\nRUN ["apt-get", "update"]\n', "in front of the RUN's own"),
    ("FROM debian:12\nRUN apt-get update && apt-get install -y -c x.conf curl\n", "settings that are not followed"),
    # Who does not know mounts.
    ("# syntax=docker/dockerfile:1.0\n" + PY + "RUN pip install flask\n", "frontend 1.0"),
    ("# syntax=docker/dockerfile:1.1-experimental\n" + PY + "RUN pip install flask\n", "frontend"),
    ("# syntax=example/frontend\n" + PY + "RUN pip install flask\n", "another frontend"),
    ("# escape=`\n" + PY + "RUN pip install flask\n", "Windows"),
]  # fmt: skip


@pytest.mark.parametrize(("dockerfile", "reason"), REFUSED)
def test_silent_where_a_mount_could_do_harm_or_nothing(dockerfile, reason):
    check_silent(rule, dockerfile, FILES, reason)


@pytest.mark.parametrize("call", ["az acr build -t x .", "DOCKER_BUILDKIT=0 docker build ."])
def test_a_builder_without_mounts_gets_none(call):
    files = {**FILES, "build.sh": f"#!/bin/sh\n{call}\n"}
    check_silent(rule, PY + f"RUN {INSTALL}\n", files, "does not know this syntax")


def test_a_builder_that_is_not_known_gets_no_mount():
    files = {**FILES, "compose.yaml": "services: {a: {build: .}}\n" + "#" * 300_000}
    check_silent(rule, PY + f"RUN {INSTALL}\n", files, "cannot be read")


@pytest.mark.parametrize(
    "text",
    [
        "FROM python:3\n" + "RUN pip install x\n" * 3900,
        "FROM python:3\n" + "RUN pip install x && pip cache purge\n" * 190,
        "FROM python:3\n" + "COPY . /\nRUN npm ci\n" * 195,
        "FROM python:3\n" + "RUN useradd -m -u 5 app\n" * 100 + "USER b\nRUN npm ci\n" * 90,
        "FROM python:3 AS s0\n" + "".join(f"FROM s{i} AS s{i + 1}\nRUN npm ci\n" for i in range(190)),
        "FROM python:3\nRUN pip install x && rm " + "/root/.cache/pip/a " * 400 + "\n",
        "FROM python:3\nRUN pip install x; for d in" + " \\\n/a/b" * 900 + "; do rm" + " \\\n$d" * 900 + "; done\n",
    ],
    ids=["many", "purges", "copies", "accounts", "stages", "words", "values"],
)  # fmt: skip
def test_large_files_take_no_time(text):
    whole = build({"Dockerfile": text, **{f"d{i}/f": "" for i in range(300)}})
    assert seconds(lambda: list(rule.find(whole)), 1) < 1


@pytest.mark.parametrize(
    "user",
    [
        "FROM debian:12\nRUN --mount=from=a,source=/a,target=/a cp -r /a /b\n",
        "FROM a AS b\nRUN go build -o /o .\nFROM debian:12\nCOPY --from=b /o /o\n",
    ],
)
def test_a_stage_that_others_mount_or_build_on_is_not_run(user):
    text = f"FROM golang:1 AS a\nWORKDIR /a\nCOPY go.mod ./\nRUN go mod download\n{user}"
    assert findings(rule, {**FILES, "Dockerfile": text})[0].fix is not None


@pytest.mark.parametrize(
    ("name", "target", "runs"),
    [("", "", False), (" AS b", "", False), (" AS b", "B", True), ("", "0", True)],
)
def test_a_stage_that_something_builds_to_run_keeps_its_cache(name, target, runs):
    compose = "services:\n  a:\n    build:\n      context: .\n"
    compose += f"      target: '{target}'\n" if target else ""
    text = f"FROM golang:1{name}\nWORKDIR /a\nCOPY go.mod ./\nRUN go mod download\n"
    text += "FROM debian:12\nCOPY --from=0 /a /a\n"
    files = {**FILES, "compose.yaml": compose, "Dockerfile": text}
    assert bool(findings(rule, files)) is not runs


def test_railway_gets_words():
    files = {**FILES, "railway.toml": '[build]\nbuilder = "DOCKERFILE"\n'}
    check_words(rule, PY + f"RUN {INSTALL}\n", files, "Railway takes only mounts")


# When it is a comment.

HOSTED = "on: push\njobs:\n  a:\n    runs-on: {}\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: .\n"


@pytest.mark.parametrize(
    ("files", "call", "severity"),
    [
        ({}, INSTALL, "warning"),
        ({}, "pip install flask", "info"),
        ({"docker-compose.yml": "services:\n  a:\n    build: .\n"}, INSTALL, "warning"),
        ({".github/workflows/a.yml": HOSTED.format("ubuntu-latest")}, INSTALL, "info"),
        ({".github/workflows/a.yml": HOSTED.format("[self-hosted]")}, INSTALL, "warning"),
        (
            {
                ".github/workflows/a.yml": HOSTED.format("ubuntu-latest")
                + "          cache-to: type=gha,mode=max\n"
            },
            INSTALL,
            "info",
        ),
    ],
)
def test_it_is_a_comment_where_the_project_installs_and_the_builder_keeps_its_disk(
    files, call, severity
):
    (found,) = findings(rule, {**FILES, **files, "Dockerfile": PY + f"RUN {call}\n"})
    assert found.severity == severity
    assert found.fix is not None


@pytest.mark.parametrize(
    ("persistent", "severity"), [(True, "warning"), (False, "info"), (None, "info")]
)
def test_the_settings_have_the_last_word_on_the_builders_disk(persistent, severity):
    files = {
        **FILES,
        ".github/workflows/a.yml": HOSTED.format("ubuntu-latest"),
        "Dockerfile": PY + f"RUN {INSTALL}\n",
    }
    repository = Repository(frozenset(files), texts=files)
    report = rules.look(repository, "Dockerfile", persistent=persistent)
    (found,) = [f for f in report.findings if f.rule == rule.name]
    assert found.severity == severity

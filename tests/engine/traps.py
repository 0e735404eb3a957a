"""Fixes that look right and are not, each as a small repository: what the faithful tools must notice.

`naive` is the Dockerfile as people write it, `good` a fix that holds (None: there is none), `bad` the
obvious fix. The bad one must fail the build, or leave another file tree than the naive one; the good
one must build and leave the same tree. `ignoring` are the folders in which trees may differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Trap:
    """A repository, and three Dockerfiles for it."""

    name: str
    files: Mapping[str, Any]
    naive: str
    bad: str
    good: str | None = None
    says: str | None = None
    """Part of what the failing tool says; None: the bad fix builds, and the tree differs."""
    bad_files: Mapping[str, Any] = field(default_factory=dict)
    """What the bad fix adds to the repository (an ignore file)."""
    good_files: Mapping[str, Any] = field(default_factory=dict)
    ignoring: tuple[str, ...] = ()


def _node(install: str, before: str, base: str = "node:20", last: str = "") -> str:
    return f"FROM {base}\nWORKDIR /app\n{before}RUN {install}\nCOPY . .\n{last}"


def _all_first(install: str, base: str = "node:20", last: str = "") -> str:
    return f"FROM {base}\nWORKDIR /app\nCOPY . .\nRUN {install}\n{last}"


IGNORED = {".dockerignore": "**/node_modules\n"}
NPM = {
    "package.json": '{"name": "app", "dependencies": {"express": "4"}}',
    "package-lock.json": "{}",
    "server.js": "require('express')\n",
}
PYTHON = {"app.py": "import flask\n", "requirements.txt": "flask==3\n"}

SCRIPTS = [
    Trap(
        "the postinstall script of npm needs a file",
        {
            **NPM,
            "package.json": '{"scripts": {"postinstall": "node scripts/setup.js"}}',
            "scripts/setup.js": "require('./paths')\n",
            "scripts/paths.js": "",
        },
        _all_first("npm ci"),
        _node("npm ci", "COPY package*.json ./\n"),
        _node("npm ci", "COPY package*.json ./\nCOPY scripts scripts\n"),
        "cannot find scripts/setup.js",
    ),
    Trap(
        "the prepare script of npm compiles the source",
        {
            "package.json": '{"scripts": {"prepare": "tsc"}, "devDependencies": {"typescript": "5"}}',
            "package-lock.json": "{}",
            "tsconfig.json": "{}",
            "src/a.ts": "1",
        },
        _all_first("npm ci"),
        _node("npm ci", "COPY package*.json ./\n"),
        None,
        "tsconfig.json",
    ),
    Trap(
        "the postinstall script of yarn needs a file",
        {
            "package.json": '{"scripts": {"postinstall": "node tools/link.js"}}',
            "yarn.lock": "",
            "tools/link.js": "",
        },
        _all_first("yarn install --frozen-lockfile"),
        _node("yarn install --frozen-lockfile", "COPY package.json yarn.lock ./\n"),
        _node(
            "yarn install --frozen-lockfile", "COPY package.json yarn.lock ./\nCOPY tools tools\n"
        ),
        "cannot find tools/link.js",
    ),
    Trap(
        "the prepare script of pnpm needs a schema",
        {
            "package.json": '{"scripts": {"postinstall": "prisma generate"}, "dependencies": {"prisma": "5"}}',
            "pnpm-lock.yaml": "",
            "prisma/schema.prisma": "x",
        },
        _all_first("pnpm install --frozen-lockfile"),
        _node("pnpm install --frozen-lockfile", "COPY package.json pnpm-lock.yaml ./\n"),
        _node(
            "pnpm install --frozen-lockfile",
            "COPY package.json pnpm-lock.yaml ./\nCOPY prisma prisma\n",
        ),
        "could not find the Prisma schema",
    ),
    Trap(
        "the postinstall script of bun needs a file",
        {"package.json": '{"scripts": {"postinstall": "node a.js"}}', "bun.lock": "{}", "a.js": ""},
        _all_first("bun install --frozen-lockfile", "oven/bun:1"),
        _node("bun install --frozen-lockfile", "COPY package.json bun.lock ./\n", "oven/bun:1"),
        None,
        "cannot find a.js",
    ),
    Trap(
        "composer runs the application after an install",
        {
            "composer.json": '{"require": {"a/b": "1"}, "scripts": {"post-autoload-dump": ["@php artisan package:discover"]}}',
            "composer.lock": "{}",
            "artisan": "<?php",
        },
        _all_first("composer install", "composer:2"),
        _node("composer install", "COPY composer.json composer.lock ./\n", "composer:2"),
        _node(
            "composer install --no-scripts --no-autoloader",
            "COPY composer.json composer.lock ./\n",
            "composer:2",
            "RUN composer dump-autoload\n",
        ),
        "cannot find artisan",
    ),
    Trap(
        "composer's class map scans folders of the source",
        {
            "composer.json": '{"autoload": {"classmap": ["database/"]}}',
            "composer.lock": "{}",
            "database/A.php": "<?php",
        },
        _all_first("composer install", "php:8"),
        _node("composer install", "COPY composer.* ./\n", "php:8"),
        _node(
            "composer install --no-autoloader",
            "COPY composer.* ./\n",
            "php:8",
            "RUN composer dump-autoload\n",
        ),
        "could not scan for classes",
    ),
]

CONFIGURATION = [
    Trap(
        ".npmrc is lost",
        {**NPM, ".npmrc": "legacy-peer-deps=true\n"},
        _all_first("npm ci"),
        _node("npm ci", "COPY package*.json ./\n"),
        _node("npm ci", "COPY package*.json .npmrc ./\n"),
    ),
    Trap(
        "the release of yarn that .yarnrc.yml names is lost",
        {
            "package.json": "{}",
            "yarn.lock": "",
            ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.cjs\nnodeLinker: node-modules\n",
            ".yarn/releases/yarn-4.cjs": "x",
        },
        _all_first("yarn install --immutable"),
        _node("yarn install --immutable", "COPY package.json yarn.lock .yarnrc.yml ./\n"),
        _node(
            "yarn install --immutable",
            "COPY package.json yarn.lock .yarnrc.yml ./\nCOPY .yarn .yarn\n",
        ),
        ".yarn/releases/yarn-4.cjs",
    ),
    Trap(
        ".yarnrc.yml is lost",
        {
            "package.json": '{"packageManager": "yarn@4.1.0", "dependencies": {"a": "1"}}',
            "yarn.lock": "",
            ".yarnrc.yml": "nodeLinker: node-modules\n",
        },
        _all_first("yarn install --immutable"),
        _node("yarn install --immutable", "COPY package.json yarn.lock ./\n"),
        _node("yarn install --immutable", "COPY package.json yarn.lock .yarnrc.yml ./\n"),
    ),
    Trap(
        "patches of patch-package are lost",
        {
            "package.json": '{"scripts": {"postinstall": "patch-package"}, "dependencies": {"patch-package": "8", "a": "1"}}',
            "package-lock.json": "{}",
            "patches/a.patch": "diff",
        },
        _all_first("npm ci"),
        _node("npm ci", "COPY package*.json ./\n"),
        _node("npm ci", "COPY package*.json ./\nCOPY patches patches\n"),
    ),
    Trap(
        "a patch of pnpm is lost",
        {
            "package.json": '{"pnpm": {"patchedDependencies": {"a@1": "patches/a.patch"}}}',
            "pnpm-lock.yaml": "",
            "patches/a.patch": "diff",
        },
        _all_first("pnpm install --frozen-lockfile"),
        _node("pnpm install --frozen-lockfile", "COPY package.json pnpm-lock.yaml ./\n"),
        _node(
            "pnpm install --frozen-lockfile",
            "COPY package.json pnpm-lock.yaml ./\nCOPY patches patches\n",
        ),
        "patches/a.patch",
    ),
    Trap(
        "pnpm-workspace.yaml is lost",
        {
            "package.json": "{}",
            "pnpm-lock.yaml": "",
            "pnpm-workspace.yaml": "packages:\n  - 'packages/*'\n",
            "packages/a/package.json": '{"name": "a", "dependencies": {"x": "1"}}',
        },
        _all_first("pnpm install --frozen-lockfile"),
        _node(
            "pnpm install --frozen-lockfile",
            "COPY package.json pnpm-lock.yaml ./\nCOPY packages/a/package.json packages/a/\n",
        ),
        _node(
            "pnpm install --frozen-lockfile",
            "COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./\nCOPY packages/a/package.json packages/a/\n",
        ),
    ),
    Trap(
        ".pnpmfile.cjs is lost",
        {
            "package.json": "{}",
            "pnpm-lock.yaml": "pnpmfileChecksum: x\n",
            ".pnpmfile.cjs": "module.exports = {}\n",
        },
        _all_first("pnpm install --frozen-lockfile"),
        _node("pnpm fetch", "COPY pnpm-lock.yaml ./\n"),
        _node(
            "pnpm install --frozen-lockfile", "COPY package.json pnpm-lock.yaml .pnpmfile.cjs ./\n"
        ),
        "pnpmfile",
    ),
    Trap(
        "the settings of Cargo are lost",
        {
            "Cargo.toml": '[package]\nname = "app"\n',
            "Cargo.lock": "",
            "src/main.rs": "fn main() {}\n",
            ".cargo/config.toml": '[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "third"\n',
            "third/x": "x",
        },
        _all_first("cargo build --release --locked", "rust:1"),
        _node(
            "cargo build --release --locked",
            "COPY Cargo.toml Cargo.lock ./\nCOPY src src\n",
            "rust:1",
        ),
        _node(
            "cargo build --release --locked",
            "COPY Cargo.toml Cargo.lock ./\nCOPY .cargo .cargo\nCOPY third third\nCOPY src src\n",
            "rust:1",
        ),
    ),
    Trap(
        "the version catalogue of Gradle is lost",
        {
            "settings.gradle.kts": 'rootProject.name = "app"\n',
            "build.gradle.kts": "dependencies { implementation(libs.x) }\n",
            "gradle/libs.versions.toml": "[libraries]\n",
            "src/main/A.java": "class A {}",
        },
        _all_first("gradle dependencies && gradle build", "gradle:8"),
        _node(
            "gradle dependencies",
            "COPY settings.gradle.kts build.gradle.kts ./\n",
            "gradle:8",
            "RUN gradle build\n",
        ),
        _node(
            "gradle dependencies",
            "COPY settings.gradle.kts build.gradle.kts ./\nCOPY gradle gradle\n",
            "gradle:8",
            "RUN gradle build\n",
        ),
        "gradle/libs.versions.toml",
    ),
    Trap(
        "the wrapper of Gradle is lost",
        {
            "settings.gradle": "",
            "build.gradle": "",
            "gradlew": {"content": "#!/bin/sh\n", "mode": "755"},
            "gradle/wrapper/gradle-wrapper.jar": "x",
            "gradle/wrapper/gradle-wrapper.properties": "y",
            "src/main/A.java": "",
        },
        _all_first("./gradlew dependencies && ./gradlew build", "eclipse-temurin:21"),
        _node(
            "./gradlew dependencies",
            "COPY gradlew settings.gradle build.gradle ./\n",
            "eclipse-temurin:21",
            "RUN ./gradlew build\n",
        ),
        _node(
            "./gradlew dependencies",
            "COPY gradlew settings.gradle build.gradle ./\nCOPY gradle gradle\n",
            "eclipse-temurin:21",
            "RUN ./gradlew build\n",
        ),
        "gradle/wrapper/gradle-wrapper",
    ),
    Trap(
        "the wrapper of Maven is lost",
        {
            "pom.xml": "<project><artifactId>a</artifactId><version>1</version></project>",
            "mvnw": {"content": "#!/bin/sh\n", "mode": "755"},
            ".mvn/wrapper/maven-wrapper.properties": "x",
            "src/main/A.java": "",
        },
        _all_first("./mvnw dependency:go-offline && ./mvnw package", "eclipse-temurin:21"),
        _node(
            "./mvnw dependency:go-offline",
            "COPY mvnw pom.xml ./\n",
            "eclipse-temurin:21",
            "RUN ./mvnw package\n",
        ),
        _node(
            "./mvnw dependency:go-offline",
            "COPY mvnw pom.xml ./\nCOPY .mvn .mvn\n",
            "eclipse-temurin:21",
            "RUN ./mvnw package\n",
        ),
        ".mvn/wrapper/maven-wrapper.properties",
    ),
    Trap(
        "the central package versions of .NET are lost",
        {
            "App.csproj": '<Project><PackageReference Include="X" /></Project>',
            "Directory.Packages.props": "<Project/>",
            "Program.cs": "",
        },
        _all_first(
            "dotnet restore && dotnet publish --no-restore -o /out",
            "mcr.microsoft.com/dotnet/sdk:8.0",
        ),
        _node(
            "dotnet restore",
            "COPY App.csproj ./\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish --no-restore -o /out\n",
        ),
        _node(
            "dotnet restore",
            "COPY App.csproj Directory.Packages.props ./\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish --no-restore -o /out\n",
        ),
        "NU1015",
    ),
    Trap(
        "the file that a Gemfile takes its Ruby from is lost",
        {
            "Gemfile": 'ruby file: ".ruby-version"\ngem "rails"\n',
            "Gemfile.lock": "",
            ".ruby-version": "3.3",
        },
        _all_first("bundle install", "ruby:3.3"),
        _node("bundle install", "COPY Gemfile Gemfile.lock ./\n", "ruby:3.3"),
        _node("bundle install", "COPY Gemfile Gemfile.lock .ruby-version ./\n", "ruby:3.3"),
        ".ruby-version",
    ),
    Trap(
        "the configuration that Mix evaluates is lost",
        {
            "mix.exs": 'app: :shop\n{:phoenix, "~> 1"}\n',
            "mix.lock": "",
            "config/config.exs": 'import_config "#{config_env()}.exs"\n',
            "config/prod.exs": "x",
            "lib/a.ex": "",
        },
        "FROM elixir:1.16\nENV MIX_ENV=prod\nWORKDIR /app\nCOPY . .\nRUN mix deps.get --only prod && mix deps.compile\nRUN mix release\n",
        "FROM elixir:1.16\nENV MIX_ENV=prod\nWORKDIR /app\nCOPY mix.exs mix.lock ./\nRUN mix deps.get --only prod && mix deps.compile\nCOPY . .\nRUN mix release\n",
        "FROM elixir:1.16\nENV MIX_ENV=prod\nWORKDIR /app\nCOPY mix.exs mix.lock ./\nCOPY config config\nRUN mix deps.get --only prod && mix deps.compile\nCOPY . .\nRUN mix release\n",
    ),
]

OTHER_FILES = [
    Trap(
        "poetry installs the project and wants its readme",
        {
            "pyproject.toml": '[tool.poetry]\nname = "app"\nreadme = "README.md"\n[tool.poetry.dependencies]\npython = "^3.12"\nflask = "^3"\n[build-system]\nbuild-backend = "poetry.core.masonry.api"\n',
            "poetry.lock": "",
            "README.md": "x",
            "app/__init__.py": "",
        },
        _all_first("pip install poetry && poetry install", "python:3.12"),
        "FROM python:3.12\nWORKDIR /app\nRUN pip install poetry\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install\nCOPY . .\n",
        "FROM python:3.12\nWORKDIR /app\nRUN pip install poetry\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install --no-root\nCOPY . .\nRUN poetry install\n",
        "README.md",
    ),
    Trap(
        "uv installs the project and wants its package",
        {
            "pyproject.toml": '[project]\nname = "app"\ndependencies = ["flask"]\n[build-system]\nbuild-backend = "hatchling.build"\n',
            "uv.lock": "",
            "src/app/__init__.py": "",
        },
        _all_first("uv sync --frozen", "ghcr.io/astral-sh/uv:python3.12-bookworm"),
        _node(
            "uv sync --frozen",
            "COPY pyproject.toml uv.lock ./\n",
            "ghcr.io/astral-sh/uv:python3.12-bookworm",
        ),
        _node(
            "uv sync --frozen --no-install-project",
            "COPY pyproject.toml uv.lock ./\n",
            "ghcr.io/astral-sh/uv:python3.12-bookworm",
            "RUN uv sync --frozen\n",
        ),
        "no file or folder found for package app",
    ),
    Trap(
        "pip install . packs the source",
        {"pyproject.toml": '[project]\nname = "app"\n', "app/__init__.py": "x = 1\n"},
        _all_first("pip install .", "python:3.12"),
        _node("pip install .", "COPY pyproject.toml ./\n", "python:3.12"),
    ),
    Trap(
        "pip install -e . maps the packages that are there",
        {
            "setup.py": 'setup(name="app", packages=find_packages(), long_description=open("README.md").read())\n',
            "README.md": "",
            "app/__init__.py": "x = 1\n",
        },
        _all_first("pip install -e .", "python:3.12"),
        _node("pip install -e .", "COPY setup.py README.md ./\n", "python:3.12"),
    ),
    Trap(
        "the version comes from .git",
        {
            "pyproject.toml": '[project]\nname = "app"\ndynamic = ["version"]\n[build-system]\nrequires = ["setuptools-scm"]\n[tool.setuptools_scm]\n',
            ".git/HEAD": "ref",
            "app/__init__.py": "",
        },
        _all_first("pip install .", "python:3.12"),
        _all_first("pip install .", "python:3.12"),
        None,
        "unable to detect version",
        bad_files={".dockerignore": ".git\n"},
    ),
    Trap(
        "git describe is run in the build",
        {"Makefile": "x", ".git/HEAD": "ref", "go.mod": "module m\n", "main.go": "package main\n"},
        _all_first(
            'go build -ldflags "-X main.v=$(git describe)" -o app . && git rev-parse HEAD > rev',
            "golang:1.22",
        ),
        _all_first(
            'go build -ldflags "-X main.v=$(git describe)" -o app . && git rev-parse HEAD > rev',
            "golang:1.22",
        ),
        None,
        "not a git repository",
        bad_files={".dockerignore": ".git\n"},
    ),
    *(
        Trap(
            f"requirements name other files: {line}",
            {
                **PYTHON,
                "requirements.txt": f"flask\n{line}\n",
                "base.txt": "six\n",
                "libs/x/setup.py": 'setup(name="x")\n',
            },
            _all_first("pip install -r requirements.txt", "python:3.12"),
            _node("pip install -r requirements.txt", "COPY requirements.txt ./\n", "python:3.12"),
            _node(
                "pip install -r requirements.txt",
                f"COPY requirements.txt ./\nCOPY {copied} {copied}\n",
                "python:3.12",
            ),
            copied,
        )
        for line, copied in (
            ("-r base.txt", "base.txt"),
            ("--constraint=base.txt", "base.txt"),
            ("-c base.txt", "base.txt"),
            ("./libs/x", "libs/x"),
            ("-e ./libs/x", "libs/x"),
            ("x @ file:./libs/x", "libs/x"),
        )
    ),
    Trap(
        "requirements are in a folder and name a neighbour",
        {"requirements/prod.txt": "-r base.txt\n", "requirements/base.txt": "six\n"},
        _all_first("pip install -r requirements/prod.txt", "python:3.12"),
        _node(
            "pip install -r requirements/prod.txt",
            "COPY requirements/prod.txt requirements/\n",
            "python:3.12",
        ),
        _node(
            "pip install -r requirements/prod.txt",
            "COPY requirements requirements\n",
            "python:3.12",
        ),
        "requirements/base.txt",
    ),
    Trap(
        "pipenv has a dependency by path",
        {
            "Pipfile": '[packages]\nflask = "*"\nx = {path = "./libs/x"}\n',
            "Pipfile.lock": "{}",
            "libs/x/setup.py": 'setup(name="x")\n',
        },
        _all_first("pip install pipenv && pipenv install --deploy --system", "python:3.12"),
        _node(
            "pip install pipenv && pipenv install --deploy --system",
            "COPY Pipfile Pipfile.lock ./\n",
            "python:3.12",
        ),
        _node(
            "pip install pipenv && pipenv install --deploy --system",
            "COPY Pipfile Pipfile.lock ./\nCOPY libs/x libs/x\n",
            "python:3.12",
        ),
        "libs/x",
    ),
    Trap(
        "npm has a dependency by path",
        {
            "package.json": '{"dependencies": {"lib": "file:../lib"}}',
            "package-lock.json": "{}",
            "../lib/package.json": "{}",
        }
        | {"lib/package.json": "{}"},
        "FROM node:20\nWORKDIR /w/app\nCOPY . /w\nRUN cp /w/package*.json . && npm ci\n",
        "FROM node:20\nWORKDIR /w/app\nCOPY package*.json ./\nRUN cp package.json /w/ && cp package-lock.json /w/ && npm ci\nCOPY . /w\n",
        None,
        "/w/lib",
    ),
    Trap(
        "go.mod replaces a module by a folder",
        {
            "go.mod": "module m\nrequire x.org/y v1\nreplace x.org/y => ./third/y\n",
            "go.sum": "",
            "third/y/go.mod": "module x.org/y\n",
            "main.go": "package main\n",
        },
        _all_first("go mod download && go build -o /app/run .", "golang:1.22"),
        _node(
            "go mod download",
            "COPY go.mod go.sum ./\n",
            "golang:1.22",
            "RUN go build -o /app/run .\n",
        ),
        _node(
            "go mod download",
            "COPY go.mod go.sum ./\nCOPY third/y/go.mod third/y/\n",
            "golang:1.22",
            "RUN go build -o /app/run .\n",
        ),
        "third/y/go.mod",
    ),
    Trap(
        "go.work uses other modules",
        {
            "go.work": "use (\n\t./a\n\t./b\n)\n",
            "a/go.mod": "module a\n",
            "b/go.mod": "module b\n",
            "a/main.go": "package main\n",
        },
        _all_first("go mod download && go build -o /run ./a", "golang:1.22"),
        _node(
            "go mod download",
            "COPY go.work ./\nCOPY a/go.mod a/\n",
            "golang:1.22",
            "RUN go build -o /run ./a\n",
        ),
        _node(
            "go mod download",
            "COPY go.work ./\nCOPY a/go.mod a/\nCOPY b/go.mod b/\n",
            "golang:1.22",
            "RUN go build -o /run ./a\n",
        ),
        "b/go.mod",
    ),
    Trap(
        "Go builds from vendor/",
        {
            "go.mod": "module m\nrequire x.org/y v1\n",
            "go.sum": "",
            "vendor/modules.txt": "x",
            "vendor/x.org/y/y.go": "package y\n",
            "main.go": "package main\n",
        },
        _all_first("go build -o /run .", "golang:1.22"),
        _all_first("go build -o /run .", "golang:1.22"),
        None,
        None,
        bad_files={".dockerignore": "vendor\n"},
    ),
    Trap(
        "a Go package of the module is left out",
        {
            "go.mod": "module m.org/m\n",
            "cmd/app/main.go": 'package main\n\nimport (\n\t"m.org/m/internal/x"\n)\n',
            "internal/x/x.go": "package x\n",
        },
        _all_first("go build -o /run ./cmd/app", "golang:1.22"),
        _node("go build -o /run ./cmd/app", "COPY go.mod ./\nCOPY cmd cmd\n", "golang:1.22"),
        _node(
            "go build -o /run ./cmd/app",
            "COPY go.mod ./\nCOPY cmd cmd\nCOPY internal internal\n",
            "golang:1.22",
        ),
        "no Go files in /app/internal/x",
    ),
]

WORKSPACES = [
    Trap(
        "npm workspaces",
        {
            "package.json": '{"workspaces": ["packages/*"]}',
            "package-lock.json": "{}",
            "packages/a/package.json": '{"name": "a", "dependencies": {"x": "1"}}',
            "packages/a/i.js": "",
        },
        _all_first("npm ci"),
        _node("npm ci", "COPY package*.json ./\n"),
        _node("npm ci", "COPY package*.json ./\nCOPY packages/a/package.json packages/a/\n"),
    ),
    Trap(
        "yarn 1 workspaces",
        {
            "package.json": '{"workspaces": {"packages": ["packages/*"]}}',
            "yarn.lock": "",
            "packages/a/package.json": '{"name": "a", "dependencies": {"x": "1"}}',
        },
        _all_first("yarn --frozen-lockfile"),
        _node("yarn --frozen-lockfile", "COPY package.json yarn.lock ./\n"),
        _node(
            "yarn --frozen-lockfile",
            "COPY package.json yarn.lock ./\nCOPY packages/a/package.json packages/a/\n",
        ),
    ),
    Trap(
        "yarn 4 workspaces",
        {
            "package.json": '{"packageManager": "yarn@4.1.0", "workspaces": ["packages/*"]}',
            "yarn.lock": '"a@workspace:packages/a":\n',
            ".yarnrc.yml": "nodeLinker: node-modules\n",
            "packages/a/package.json": '{"name": "a"}',
        },
        _all_first("yarn install --immutable"),
        _node("yarn install --immutable", "COPY package.json yarn.lock .yarnrc.yml ./\n"),
        _node(
            "yarn install --immutable",
            "COPY package.json yarn.lock .yarnrc.yml ./\nCOPY packages/a/package.json packages/a/\n",
        ),
        "lockfile would have been modified",
    ),
    Trap(
        "a workspace package of pnpm that another needs",
        {
            "package.json": '{"dependencies": {"a": "workspace:*"}}',
            "pnpm-lock.yaml": "",
            "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
            "packages/a/package.json": '{"name": "a"}',
        },
        _all_first("pnpm install --frozen-lockfile"),
        _node("pnpm install --frozen-lockfile", "COPY package.json pnpm-*.yaml ./\n"),
        _node(
            "pnpm fetch",
            "COPY pnpm-lock.yaml pnpm-workspace.yaml ./\n",
            last="RUN pnpm install --frozen-lockfile --offline\n",
        ),
        "no package named a is in the workspace",
        ignoring=("root/.local/share/pnpm",),
    ),
    Trap(
        "bun workspaces",
        {
            "package.json": '{"workspaces": ["packages/a"]}',
            "bun.lock": '{"workspaces": {"packages/a": {"name": "a"}}}',
            "packages/a/package.json": '{"name": "a"}',
        },
        _all_first("bun install --frozen-lockfile", "oven/bun:1"),
        _node("bun install --frozen-lockfile", "COPY package.json bun.lock ./\n", "oven/bun:1"),
        _node(
            "bun install --frozen-lockfile",
            "COPY package.json bun.lock ./\nCOPY packages/a/package.json packages/a/\n",
            "oven/bun:1",
        ),
        "packages/a/package.json",
    ),
    Trap(
        "uv workspace",
        {
            "pyproject.toml": '[project]\nname = "app"\n[tool.uv.workspace]\nmembers = ["libs/*"]\n',
            "uv.lock": 'source = { editable = "libs/x" }\n',
            "libs/x/pyproject.toml": '[project]\nname = "x"\n',
            "libs/x/x/__init__.py": "",
        },
        _all_first("uv sync --frozen", "ghcr.io/astral-sh/uv:latest"),
        _node(
            "uv sync --frozen", "COPY pyproject.toml uv.lock ./\n", "ghcr.io/astral-sh/uv:latest"
        ),
        _node(
            "uv sync --frozen --no-install-workspace",
            "COPY pyproject.toml uv.lock ./\n",
            "ghcr.io/astral-sh/uv:latest",
            "RUN uv sync --frozen\n",
        ),
        "libs/x",
    ),
    Trap(
        "Cargo workspace",
        {
            "Cargo.toml": '[workspace]\nmembers = ["crates/a", "crates/b"]\n',
            "Cargo.lock": "",
            "crates/a/Cargo.toml": '[package]\nname = "a"\n[dependencies]\nb = { path = "../b" }\n',
            "crates/a/src/main.rs": "fn main() {}\n",
            "crates/b/Cargo.toml": '[package]\nname = "b"\n',
            "crates/b/src/lib.rs": "",
        },
        _all_first("cargo fetch && cargo build --release", "rust:1"),
        _node(
            "cargo fetch",
            "COPY Cargo.toml Cargo.lock ./\nCOPY crates/a crates/a\n",
            "rust:1",
            "RUN cargo build --release\n",
        ),
        None,
        "crates/b",
    ),
    Trap(
        "Cargo wants a target beside the manifest",
        {
            "Cargo.toml": '[package]\nname = "app"\n',
            "Cargo.lock": "",
            "src/main.rs": "fn main() {}\n",
        },
        _all_first("cargo fetch --locked && cargo build --release", "rust:1"),
        _node(
            "cargo fetch --locked",
            "COPY Cargo.toml Cargo.lock ./\n",
            "rust:1",
            "RUN cargo build --release\n",
        ),
        _node(
            "mkdir src && echo 'fn main() {}' > src/main.rs && cargo fetch --locked && rm -r src",
            "COPY Cargo.toml Cargo.lock ./\n",
            "rust:1",
            "RUN cargo build --release\n",
        ),
        "no targets specified",
    ),
    Trap(
        "Maven modules",
        {
            "pom.xml": "<project><modules><module>core</module></modules></project>",
            "core/pom.xml": "<project><artifactId>core</artifactId><version>1</version></project>",
            "core/src/main/A.java": "",
        },
        _all_first("mvn dependency:go-offline && mvn package", "maven:3"),
        _node("mvn dependency:go-offline", "COPY pom.xml ./\n", "maven:3", "RUN mvn package\n"),
        _node(
            "mvn dependency:go-offline",
            "COPY pom.xml ./\nCOPY core/pom.xml core/\n",
            "maven:3",
            "RUN mvn package\n",
        ),
        "core/pom.xml",
    ),
    Trap(
        "Gradle projects",
        {
            "settings.gradle": "rootProject.name = 'app'\ninclude 'core', ':web:api'\n",
            "build.gradle": "",
            "core/build.gradle": "",
            "core/src/main/A.java": "",
            "web/api/build.gradle": "",
        },
        _all_first("gradle dependencies && gradle build", "gradle:8"),
        _node(
            "gradle dependencies",
            "COPY settings.gradle build.gradle ./\nCOPY core/build.gradle core/\n",
            "gradle:8",
            "RUN gradle build\n",
        ),
        _node(
            "gradle dependencies",
            "COPY settings.gradle build.gradle ./\nCOPY core/build.gradle core/\nCOPY web/api/build.gradle web/api/\n",
            "gradle:8",
            "RUN gradle build\n",
        ),
        "web/api",
    ),
    Trap(
        "projects of a .NET solution",
        {
            "App.sln": 'Project("{F}") = "Web", "src\\Web\\Web.csproj", "{1}"\nEndProject\nProject("{F}") = "Core", "src\\Core\\Core.csproj", "{2}"\nEndProject\n',
            "src/Web/Web.csproj": '<Project><ProjectReference Include="..\\Core\\Core.csproj" /></Project>',
            "src/Core/Core.csproj": "<Project/>",
            "src/Web/P.cs": "",
        },
        _all_first(
            "dotnet restore && dotnet publish src/Web --no-restore -o /out",
            "mcr.microsoft.com/dotnet/sdk:8.0",
        ),
        _node(
            "dotnet restore",
            "COPY App.sln ./\nCOPY src/Web/Web.csproj src/Web/\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish src/Web --no-restore -o /out\n",
        ),
        _node(
            "dotnet restore",
            "COPY App.sln ./\nCOPY src/Web/Web.csproj src/Web/\nCOPY src/Core/Core.csproj src/Core/\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish src/Web --no-restore -o /out\n",
        ),
        "Core.csproj",
    ),
    Trap(
        "a project reference of .NET is restored too late",
        {
            "Web/Web.csproj": '<Project><ProjectReference Include="..\\Core\\Core.csproj" /></Project>',
            "Core/Core.csproj": "<Project/>",
            "Web/P.cs": "",
        },
        _all_first(
            "dotnet restore Web && dotnet publish Web --no-restore -o /out",
            "mcr.microsoft.com/dotnet/sdk:8.0",
        ),
        _node(
            "dotnet restore Web",
            "COPY Web/Web.csproj Web/\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish Web --no-restore -o /out\n",
        ),
        _node(
            "dotnet restore Web",
            "COPY Web/Web.csproj Web/\nCOPY Core/Core.csproj Core/\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish Web --no-restore -o /out\n",
        ),
        "NETSDK1004",
    ),
    Trap(
        "path repositories of Composer",
        {
            "composer.json": '{"repositories": [{"type": "path", "url": "packages/*"}], "require": {"a/x": "*"}}',
            "composer.lock": "{}",
            "packages/x/composer.json": '{"name": "a/x"}',
        },
        _all_first("composer install", "composer:2"),
        _node("composer install", "COPY composer.* ./\n", "composer:2"),
        _node("composer install", "COPY composer.* ./\nCOPY packages packages\n", "composer:2"),
        "path (packages/*) repository does not exist",
    ),
    Trap(
        "a Gemfile with gemspec",
        {
            "Gemfile": "gemspec\n",
            "Gemfile.lock": "",
            "x.gemspec": 'require_relative "lib/x/version"\n',
            "lib/x/version.rb": "",
        },
        _all_first("bundle install", "ruby:3.3"),
        _node("bundle install", "COPY Gemfile Gemfile.lock ./\n", "ruby:3.3"),
        _node(
            "bundle install",
            "COPY Gemfile Gemfile.lock x.gemspec ./\nCOPY lib/x/version.rb lib/x/\n",
            "ruby:3.3",
        ),
        "there are no gemspecs",
    ),
    Trap(
        "a gemspec that requires its version",
        {
            "Gemfile": "gemspec\n",
            "Gemfile.lock": "",
            "x.gemspec": 'require_relative "lib/x/version"\n',
            "lib/x/version.rb": "",
        },
        _all_first("bundle install", "ruby:3.3"),
        _node("bundle install", "COPY Gemfile Gemfile.lock x.gemspec ./\n", "ruby:3.3"),
        None,
        "lib/x/version",
    ),
    Trap(
        "a gem by path",
        {"Gemfile": 'gem "e", path: "engines/e"\n', "Gemfile.lock": "", "engines/e/e.gemspec": ""},
        _all_first("bundle install", "ruby:3.3"),
        _node("bundle install", "COPY Gemfile Gemfile.lock ./\n", "ruby:3.3"),
        _node("bundle install", "COPY Gemfile Gemfile.lock ./\nCOPY engines engines\n", "ruby:3.3"),
        "engines/e",
    ),
    Trap(
        "apps of a Mix umbrella",
        {
            "mix.exs": 'apps_path: "apps"\n',
            "mix.lock": "",
            "apps/web/mix.exs": '{:phoenix, "~> 1"}\n',
            "apps/web/lib/a.ex": "",
        },
        _all_first("mix deps.get", "elixir:1.16"),
        _node("mix deps.get", "COPY mix.exs mix.lock ./\n", "elixir:1.16"),
        _node(
            "mix deps.get",
            "COPY mix.exs mix.lock ./\nCOPY apps/web/mix.exs apps/web/\n",
            "elixir:1.16",
        ),
        "apps",
    ),
]

OVERLAID = [
    Trap(
        f"the later COPY lays the developer's {folder} over the installed one",
        {**files, f"{folder}/{inside}": "old\n"},
        _all_first(install, base),
        _node(install, before, base),
        None,
    )
    for folder, inside, files, install, base, before in (
        ("node_modules", "stale/index.js", NPM, "npm ci", "node:20", "COPY package*.json ./\n"),
        (
            "_build/dev/lib/phoenix/ebin",
            ".compiled",
            {"mix.exs": '{:phoenix, "~> 1"}\n', "mix.lock": ""},
            "mix deps.get && rm -rf _build && mix deps.compile",
            "elixir:1.16",
            "COPY mix.exs mix.lock ./\n",
        ),
        (
            "vendor/composer",
            "installed.json",
            {"composer.json": "{}", "composer.lock": "{}"},
            "composer install",
            "composer:2",
            "COPY composer.* ./\n",
        ),
        (
            ".venv",
            "pyvenv.cfg",
            {"pyproject.toml": '[project]\nname = "a"\ndependencies = ["flask"]\n', "uv.lock": ""},
            "rm -rf .venv && uv sync --frozen",
            "ghcr.io/astral-sh/uv:latest",
            "COPY pyproject.toml uv.lock ./\n",
        ),
    )
]

SPLIT_AND_MOVED = [
    Trap(
        "a compound RUN is split across cd",
        {
            "web/package.json": '{"scripts": {"build": "echo built > out"}}',
            "web/package-lock.json": "{}",
        },
        _all_first("cd web && npm ci && npm run build"),
        "FROM node:20\nWORKDIR /app\nCOPY web/package*.json web/\nRUN cd web && npm ci\nCOPY . .\nRUN npm run build\n",
        "FROM node:20\nWORKDIR /app\nCOPY web/package*.json web/\nRUN cd web && npm ci\nCOPY . .\nRUN cd web && npm run build\n",
        "package.json",
    ),
    Trap(
        "a compound RUN is split across export",
        {**NPM, "package.json": '{"dependencies": {"a": "1"}, "devDependencies": {"b": "1"}}'},
        _all_first("export NODE_ENV=production && npm ci"),
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN export NODE_ENV=production\nRUN npm ci\nCOPY . .\n",
        "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN export NODE_ENV=production && npm ci\nCOPY . .\n",
    ),
    Trap(
        "the prune moves before the build",
        {
            "package.json": '{"scripts": {"build": "tsc"}, "devDependencies": {"typescript": "5"}}',
            "package-lock.json": "{}",
            "tsconfig.json": "{}",
        },
        _all_first("npm ci && npm run build && npm prune --omit=dev"),
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
        "a RUN moves above the tool that a COPY brings",
        {"fetch": {"content": "#!/bin/sh\necho x > /fetched\n", "mode": "755"}},
        "FROM debian:12\nCOPY fetch /usr/local/bin/fetch\nRUN fetch\n",
        "FROM debian:12\nRUN fetch\nCOPY fetch /usr/local/bin/fetch\n",
    ),
    Trap(
        "a tool is used before it is installed",
        {"pyproject.toml": '[tool.poetry]\nname = "a"\npackage-mode = false\n', "poetry.lock": ""},
        _all_first("pip install poetry\nRUN poetry install --no-root", "python:3.12"),
        _node(
            "poetry install --no-root\nRUN pip install poetry",
            "COPY pyproject.toml poetry.lock ./\n",
            "python:3.12",
        ),
        _node(
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

MOUNTS = [
    Trap(
        "Cargo's target is a mount and a later stage copies from it",
        {
            "Cargo.toml": '[package]\nname = "app"\n',
            "Cargo.lock": "",
            "src/main.rs": "fn main() {}\n",
        },
        "FROM rust:1 AS build\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\nFROM debian:12\nCOPY --from=build /app/target/release/app /usr/bin/app\n",
        "FROM rust:1 AS build\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/app/target cargo build --release\nFROM debian:12\nCOPY --from=build /app/target/release/app /usr/bin/app\n",
        "FROM rust:1 AS build\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/app/target cargo build --release && cp target/release/app /tmp/app\nFROM debian:12\nCOPY --from=build /tmp/app /usr/bin/app\n",
        "target/release/app",
    ),
    Trap(
        "Cargo's target is a mount in the only stage",
        {
            "Cargo.toml": '[package]\nname = "app"\n',
            "Cargo.lock": "",
            "src/main.rs": "fn main() {}\n",
        },
        _all_first("cargo build --release", "rust:1"),
        _all_first("--mount=type=cache,target=/app/target cargo build --release", "rust:1"),
        _all_first(
            "--mount=type=cache,target=/usr/local/cargo/registry cargo build --release", "rust:1"
        ),
        ignoring=("usr/local/cargo/registry",),
    ),
    Trap(
        "packages of .NET are in a mount that publish does not have",
        {
            "App.csproj": '<Project><PackageReference Include="X" Version="1" /></Project>',
            "Program.cs": "",
        },
        "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /app\nCOPY App.csproj ./\nRUN dotnet restore\nCOPY . .\nRUN dotnet publish --no-restore -o /out\n",
        "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /app\nCOPY App.csproj ./\nRUN --mount=type=cache,target=/root/.nuget/packages dotnet restore\nCOPY . .\nRUN dotnet publish --no-restore -o /out\n",
        "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /app\nCOPY App.csproj ./\nRUN --mount=type=cache,target=/root/.nuget/packages dotnet restore\nCOPY . .\nRUN --mount=type=cache,target=/root/.nuget/packages dotnet publish --no-restore -o /out\n",
        "NETSDK1064",
        ignoring=("root/.nuget",),
    ),
    Trap(
        "Gradle's build folder is a mount",
        {
            "settings.gradle": "rootProject.name = 'app'\n",
            "build.gradle": "",
            "src/main/A.java": "",
        },
        "FROM gradle:8 AS build\nWORKDIR /app\nCOPY . .\nRUN gradle bootJar\nFROM eclipse-temurin:21\nCOPY --from=build /app/build/libs/app.jar /app.jar\n",
        "FROM gradle:8 AS build\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/app/build gradle bootJar\nFROM eclipse-temurin:21\nCOPY --from=build /app/build/libs/app.jar /app.jar\n",
        "FROM gradle:8 AS build\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/root/.gradle gradle bootJar\nFROM eclipse-temurin:21\nCOPY --from=build /app/build/libs/app.jar /app.jar\n",
        "build/libs",
    ),
    Trap(
        "one RUN of apt has the mount and the next has not",
        {},
        "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt/lists,sharing=locked apt-get update\nRUN apt-get install -y curl\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update\nRUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get install -y curl\n",
        "unable to locate package",
        ignoring=("var/lib/apt",),
    ),
    Trap(
        "Maven works offline after a go-offline that a mount swallowed",
        {
            "pom.xml": "<project><artifactId>a</artifactId><version>1</version></project>",
            "src/main/A.java": "",
        },
        "FROM maven:3\nWORKDIR /app\nCOPY pom.xml ./\nRUN mvn dependency:go-offline\nCOPY . .\nRUN mvn -o package\n",
        "FROM maven:3\nWORKDIR /app\nCOPY pom.xml ./\nRUN --mount=type=cache,target=/root/.m2 mvn dependency:go-offline\nCOPY . .\nRUN mvn -o package\n",
        "FROM maven:3\nWORKDIR /app\nCOPY pom.xml ./\nRUN --mount=type=cache,target=/root/.m2 mvn dependency:go-offline\nCOPY . .\nRUN --mount=type=cache,target=/root/.m2 mvn -o package\n",
        "offline",
        ignoring=("root/.m2",),
    ),
    Trap(
        "the cache is needed when the container runs",
        {
            "pom.xml": "<project><artifactId>a</artifactId><version>1</version></project>",
            "src/main/A.java": "",
        },
        'FROM maven:3\nWORKDIR /app\nCOPY . .\nRUN mvn package\nCMD ["mvn", "-o", "spring-boot:run"]\n',
        'FROM maven:3\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/root/.m2 mvn package\nCMD ["mvn", "-o", "spring-boot:run"]\n',
    ),
    Trap(
        "poetry's environment lies inside the mount",
        {
            "pyproject.toml": '[tool.poetry]\nname = "a"\npackage-mode = false\n[tool.poetry.dependencies]\nflask = "3"\n',
            "poetry.lock": "",
        },
        "FROM python:3.12\nWORKDIR /app\nRUN pip install poetry\nCOPY . .\nRUN poetry install --no-root\nRUN poetry run flask\n",
        "FROM python:3.12\nWORKDIR /app\nRUN pip install poetry\nCOPY . .\nRUN --mount=type=cache,target=/root/.cache/pypoetry poetry install --no-root\nRUN poetry run flask\n",
        "FROM python:3.12\nWORKDIR /app\nRUN pip install poetry\nCOPY . .\nRUN --mount=type=cache,target=/root/.cache/pypoetry/cache --mount=type=cache,target=/root/.cache/pypoetry/artifacts poetry install --no-root\nRUN poetry run flask\n",
        "the virtual environment",
        ignoring=("root/.cache/pypoetry/cache", "root/.cache/pypoetry/artifacts"),
    ),
    Trap(
        "a mount hides what COPY brought",
        {
            "go.mod": "module m\nrequire x.org/y v1\n",
            "go.sum": "",
            "vendor/modules.txt": "x",
            "main.go": "package main\n",
        },
        _all_first("go build -mod=vendor -o /run .", "golang:1.22"),
        _all_first(
            "--mount=type=cache,target=/app/vendor go build -mod=vendor -o /run .", "golang:1.22"
        ),
        _all_first(
            "--mount=type=cache,target=/root/.cache/go-build go build -mod=vendor -o /run .",
            "golang:1.22",
        ),
        "vendor/modules.txt",
        ignoring=("root/.cache/go-build",),
    ),
    Trap(
        "a mount of root's is no use to another user, who may not write it",
        NPM,
        "FROM node:20\nWORKDIR /home/node/app\nRUN chown node:node .\nUSER node\nCOPY --chown=node . .\nRUN npm ci\n",
        "FROM node:20\nWORKDIR /home/node/app\nRUN chown node:node .\nUSER node\nCOPY --chown=node . .\nRUN --mount=type=cache,target=/home/node/.npm npm ci\n",
        "FROM node:20\nWORKDIR /home/node/app\nRUN chown node:node .\nUSER node\nCOPY --chown=node . .\nRUN --mount=type=cache,target=/home/node/.npm,uid=1000,gid=1000 npm ci\n",
        "EACCES",
        ignoring=("home/node/.npm",),
    ),
    Trap(
        "node_modules is a mount",
        NPM,
        _all_first("npm ci"),
        _all_first("--mount=type=cache,target=/app/node_modules npm i"),
        _all_first("--mount=type=cache,target=/root/.npm npm ci"),
        ignoring=("root/.npm",),
    ),
    Trap(
        "deps and _build of Mix are mounts",
        {"mix.exs": 'app: :shop\n{:phoenix, "~> 1"}\n', "mix.lock": "", "lib/a.ex": ""},
        "FROM elixir:1.16\nENV MIX_ENV=prod\nWORKDIR /app\nCOPY . .\nRUN mix deps.get\nRUN mix release\n",
        "FROM elixir:1.16\nENV MIX_ENV=prod\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/app/deps mix deps.get\nRUN mix release\n",
        "FROM elixir:1.16\nENV MIX_ENV=prod\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/root/.hex mix deps.get\nRUN mix release\n",
        "unchecked dependencies",
        ignoring=("root/.hex",),
    ),
    Trap(
        "gems are installed into a mount",
        {"Gemfile": 'gem "rails"\n', "Gemfile.lock": "", "Rakefile": ""},
        "FROM ruby:3.3\nWORKDIR /app\nCOPY . .\nRUN bundle install\nRUN bundle exec rake assets:precompile\n",
        "FROM ruby:3.3\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/usr/local/bundle bundle install\nRUN bundle exec rake assets:precompile\n",
        "FROM ruby:3.3\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/usr/local/bundle/cache bundle install\nRUN bundle exec rake assets:precompile\n",
        "could not find the gems",
        ignoring=("usr/local/bundle/cache",),
    ),
    Trap(
        "the store of pnpm is filled in a mount and used without it",
        {"package.json": "{}", "pnpm-lock.yaml": ""},
        "FROM node:20\nWORKDIR /app\nCOPY pnpm-lock.yaml ./\nRUN pnpm fetch\nCOPY . .\nRUN pnpm install --offline\n",
        "FROM node:20\nWORKDIR /app\nCOPY pnpm-lock.yaml ./\nRUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm fetch\nCOPY . .\nRUN pnpm install --offline\n",
        "FROM node:20\nWORKDIR /app\nCOPY pnpm-lock.yaml ./\nRUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm fetch\nCOPY . .\nRUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm install --offline\n",
        "not in the store",
        ignoring=("root/.local/share/pnpm",),
    ),
]

IGNORE_FILES = [
    Trap(
        "dist is tracked and nothing makes it",
        {**NPM, "dist/server.js": "x"},
        _all_first("npm ci", last='CMD ["node", "dist/server.js"]\n'),
        _all_first("npm ci", last='CMD ["node", "dist/server.js"]\n'),
        bad_files={".dockerignore": "dist\n"},
    ),
    Trap(
        "Vite reads .env",
        {
            "package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}}',
            "package-lock.json": "{}",
            ".env": "VITE_A=1\n",
        },
        _all_first("npm ci && npm run build && rm -f .env"),
        _all_first("npm ci && npm run build && rm -f .env"),
        bad_files={".dockerignore": ".env*\n"},
    ),
    Trap(
        "a COPY names what the ignore file drops",
        {"conf/app.ini": "x"},
        "FROM debian:12\nCOPY conf/app.ini /etc/\n",
        "FROM debian:12\nCOPY conf/app.ini /etc/\n",
        None,
        "conf/app.ini",
        bad_files={".dockerignore": "conf\n"},
    ),
]

TRAPS = [
    *SCRIPTS,
    *CONFIGURATION,
    *OTHER_FILES,
    *WORKSPACES,
    *OVERLAID,
    *SPLIT_AND_MOVED,
    *MOUNTS,
    *IGNORE_FILES,
]

"""Small repositories with an order fault, one for each ecosystem, and what is suggested for them.

`after` is the Dockerfile with all order suggestions made; `edited` the source file whose edit is
tried. What `ignoring` names is kept out of both sides by the developers' ignore file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

IGNORED = """\
.git
.dockerignore
Dockerfile
**/node_modules
**/.venv
**/bin
**/obj
.gradle
.pdm-python
.yarn
__pypackages__
_build
build
buildSrc/build
deps
target
vendor
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A repository, its Dockerfile, and what becomes of it."""

    name: str
    files: Mapping[str, Any]
    before: str
    after: str
    edited: str
    left: int = 0
    """Downloads that the edit still needs: of a tool that has no install of its own."""


PROJECTS = [
    Project(
        "composer: the application's scripts wait for the source",
        {
            "composer.json": '{"name": "shop/web", "require": {"monolog/monolog": "^3.0"}, "autoload": {"psr-4": {"Shop\\\\": "src/"}}, "scripts": {"post-autoload-dump": ["@php artisan package:discover"]}}',
            "composer.lock": "{}",
            "artisan": "<?php\n",
            "src/Cart.php": "<?php\n",
        },
        "FROM composer:2\nWORKDIR /app\nCOPY . .\nRUN composer install --no-dev\n",
        "FROM composer:2\nWORKDIR /app\nCOPY composer.json composer.lock ./\nRUN composer install --no-dev --no-scripts\nCOPY . .\nRUN composer install --no-dev\n",
        "src/Cart.php",
    ),
    Project(
        "dotnet: every project of the solution in its place",
        {
            "Shop.sln": 'Project("{F}") = "Web", "src\\Web\\Web.csproj", "{1}"\nEndProject\nProject("{F}") = "Core", "src\\Core\\Core.csproj", "{2}"\nEndProject\n',
            "Directory.Packages.props": '<Project><ItemGroup><PackageVersion Include="Serilog" Version="4.0.0" /></ItemGroup></Project>\n',
            "src/Web/Web.csproj": '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="Serilog" /><ProjectReference Include="..\\Core\\Core.csproj" /></ItemGroup></Project>',
            "src/Web/Program.cs": "class Program {}\n",
            "src/Core/Core.csproj": '<Project Sdk="Microsoft.NET.Sdk"></Project>',
            "src/Core/Cart.cs": "class Cart {}\n",
        },
        "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\nRUN dotnet restore Shop.sln\nRUN dotnet publish src/Web/Web.csproj --no-restore -c Release -o /out\n",
        "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY Shop.sln Directory.Packages.props ./\nCOPY src/Web/Web.csproj /src/src/Web/\nCOPY src/Core/Core.csproj /src/src/Core/\nRUN dotnet restore Shop.sln\nCOPY . .\nRUN dotnet publish src/Web/Web.csproj --no-restore -c Release -o /out\n",
        "src/Web/Program.cs",
    ),
    Project(
        "dotnet: publish restores by itself",
        {
            "Web.csproj": '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="Serilog" Version="4.0.0" /></ItemGroup></Project>',
            "Program.cs": "class Program {}\n",
        },
        "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -c Release -o /out\n",
        "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY Web.csproj ./\nRUN dotnet restore\nCOPY . .\nRUN dotnet publish -c Release -o /out\n",
        "Program.cs",
    ),
    Project(
        "mvn: the dependencies go offline first, by the wrapper",
        {
            "mvnw": {"content": "#!/bin/sh\n", "mode": "755"},
            ".mvn/wrapper/maven-wrapper.properties": "distributionUrl=x\n",
            "pom.xml": "<project><modelVersion>4.0.0</modelVersion><groupId>shop</groupId><artifactId>shop</artifactId><version>1</version></project>",
            "src/main/java/Cart.java": "class Cart {}\n",
        },
        "FROM eclipse-temurin:21\nWORKDIR /app\nCOPY . .\nRUN ./mvnw -B package\n",
        "FROM eclipse-temurin:21\nWORKDIR /app\nCOPY mvnw pom.xml ./\nCOPY .mvn/wrapper/maven-wrapper.properties /app/.mvn/wrapper/\nRUN ./mvnw -B dependency:go-offline\nCOPY . .\nRUN ./mvnw -B package\n",
        "src/main/java/Cart.java",
    ),
    Project(
        "gradle: the wrapper and the build files first",
        {
            "gradlew": {"content": "#!/bin/sh\n", "mode": "755"},
            "settings.gradle": "rootProject.name = 'shop'\n",
            "build.gradle": "plugins { id 'java' }\ndependencies { implementation 'org.slf4j:slf4j-api:2.0.13' }\n",
            "gradle/wrapper/gradle-wrapper.jar": "x",
            "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=x\n",
            "src/main/java/Cart.java": "class Cart {}\n",
        },
        "FROM eclipse-temurin:21\nWORKDIR /app\nCOPY . .\nRUN ./gradlew dependencies --no-daemon\nRUN ./gradlew build --no-daemon\n",
        "FROM eclipse-temurin:21\nWORKDIR /app\nCOPY gradlew settings.gradle build.gradle ./\nCOPY gradle/wrapper/gradle-wrapper.jar gradle/wrapper/gradle-wrapper.properties /app/gradle/wrapper/\nRUN ./gradlew dependencies --no-daemon\nCOPY . .\nRUN ./gradlew build --no-daemon\n",
        "src/main/java/Cart.java",
    ),
    Project(
        "pdm: the project itself waits for the source",
        {
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\nreadme = "README.md"\ndependencies = ["flask"]\n\n[build-system]\nrequires = ["pdm-backend"]\nbuild-backend = "pdm.backend"\n',
            "pdm.lock": "",
            "README.md": "# Shop\n",
            "src/shop/__init__.py": "import flask\n",
        },
        "FROM python:3.12\nRUN pip install pdm\nWORKDIR /app\nCOPY . .\nRUN pdm sync --prod\n",
        "FROM python:3.12\nRUN pip install pdm\nWORKDIR /app\nCOPY pyproject.toml pdm.lock ./\nRUN pdm sync --prod --no-self\nCOPY . .\nRUN pdm sync --prod\n",
        "src/shop/__init__.py",
    ),
    Project(
        "pnpm: more packages than are listed are fetched by the lock file",
        {
            "package.json": '{"name": "shop", "packageManager": "pnpm@9.1.0"}',
            "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
            "pnpm-workspace.yaml": "packages:\n  - 'packages/*'\n",
            **{
                f"packages/p{number}/package.json": f'{{"name": "p{number}", "scripts": {{"build": "tsc"}}, "dependencies": {{"pino": "9.2.0"}}, "devDependencies": {{"typescript": "5.5.3"}}}}'
                for number in range(13)
            },
            **{f"packages/p{number}/tsconfig.json": "{}" for number in range(13)},
            "packages/p0/cart.ts": "1\n",
        },
        "FROM node:20\nRUN corepack enable\nWORKDIR /app\nCOPY . .\nRUN pnpm install --frozen-lockfile\nRUN pnpm -r build\n",
        "FROM node:20\nRUN corepack enable\nWORKDIR /app\nCOPY pnpm-lock.yaml package.json pnpm-workspace.yaml ./\nRUN pnpm fetch\nCOPY . .\nRUN pnpm install --frozen-lockfile\nRUN pnpm -r build\n",
        "packages/p0/cart.ts",
    ),
    Project(
        "go: the modules are there when tidy reads the imports",
        {
            "go.mod": "module example.org/shop\n\ngo 1.22\n\nrequire example.org/x v1.0.0\n",
            "go.sum": "x\n",
            "main.go": 'package main\n\nimport _ "example.org/x"\n\nfunc main() {}\n',
        },
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go mod tidy\nRUN go build -o /shop .\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go mod tidy\nRUN go build -o /shop .\n",
        "main.go",
    ),
    Project(
        "go: the modules are there when a mount shows their files alone",
        {
            "go.mod": "module example.org/shop\n\ngo 1.22\n\nrequire example.org/x v1.0.0\n",
            "go.sum": "x\n",
            "main.go": 'package main\n\nimport _ "example.org/x"\n\nfunc main() {}\n',
        },
        "FROM golang:1.22\nWORKDIR /src\nRUN --mount=type=bind,source=. go mod download\nRUN --mount=type=bind,source=. go build -o /shop .\n",
        "FROM golang:1.22\nWORKDIR /src\nRUN --mount=type=bind,source=go.mod,target=go.mod --mount=type=bind,source=go.sum,target=go.sum go mod download\nRUN --mount=type=bind,source=. go build -o /shop .\n",
        "main.go",
    ),
    Project(
        "bundler: the file that names the Ruby goes along",
        {
            "Gemfile": 'source "https://rubygems.org"\nruby file: ".ruby-version"\ngem "sinatra"\n',
            "Gemfile.lock": "",
            ".ruby-version": "3.3.0\n",
            "app.rb": "1\n",
        },
        "FROM ruby:3.3\nWORKDIR /app\nCOPY . .\nRUN bundle install\n",
        "FROM ruby:3.3\nWORKDIR /app\nCOPY Gemfile .ruby-version Gemfile.lock ./\nRUN bundle install\nCOPY . .\n",
        "app.rb",
    ),
    Project(
        "mix: the configuration that compiles dependencies goes along, that of the start does not",
        {
            "mix.exs": 'defmodule Shop.MixProject do\n  use Mix.Project\n\n  def project do\n    [\n      app: :shop,\n      version: "0.1.0",\n      deps: deps()\n    ]\n  end\n\n  defp deps do\n    [{:phoenix, "~> 1.7"}]\n  end\nend\n',
            "mix.lock": "%{}\n",
            "config/config.exs": 'import Config\nimport_config "#{config_env()}.exs"\n',
            "config/prod.exs": "import Config\n",
            "config/runtime.exs": "import Config\n",
            "lib/shop.ex": "defmodule Shop do\nend\n",
        },
        "FROM elixir:1.16\nENV MIX_ENV=prod\nWORKDIR /app\nCOPY . .\nRUN mix local.hex --force && mix local.rebar --force\nRUN mix deps.get --only prod\nRUN mix deps.compile\nRUN mix release\n",
        "FROM elixir:1.16\nENV MIX_ENV=prod\nWORKDIR /app\nRUN mix local.hex --force && mix local.rebar --force\nCOPY mix.exs mix.lock ./\nCOPY config/config.exs config/prod.exs /app/config/\nRUN mix deps.get --only prod\nRUN mix deps.compile\nCOPY . .\nRUN mix release\n",
        "lib/shop.ex",
    ),
    Project(
        "cargo: a tool is installed before the source that it does not read",
        {
            "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
            "Cargo.lock": "version = 3\n",
            "src/main.rs": "fn main() {}\n",
        },
        "FROM rust:1\nWORKDIR /app\nCOPY . .\nRUN cargo install sqlx-cli\nRUN cargo build --release\n",
        "FROM rust:1\nWORKDIR /app\nRUN cargo install sqlx-cli\nCOPY . .\nRUN cargo build --release\n",
        "src/main.rs",
        left=1,
    ),
    Project(
        "cargo: a tool reads the settings of Cargo that lie where it is installed",
        {
            "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
            "Cargo.lock": "version = 3\n",
            ".cargo/config.toml": "[net]\nretry = 5\n",
            "src/main.rs": "fn main() {}\n",
        },
        "FROM rust:1\nWORKDIR /app\nCOPY . .\nRUN cargo install sqlx-cli\nRUN cargo build --release\n",
        "FROM rust:1\nWORKDIR /app\nCOPY .cargo/config.toml /app/.cargo/\nRUN cargo install sqlx-cli\nCOPY . .\nRUN cargo build --release\n",
        "src/main.rs",
        left=1,
    ),
    Project(
        "bun: its lock file freezes the install",
        {
            "package.json": '{"name": "shop", "scripts": {"build": "vite build"}, "dependencies": {"preact": "10"}, "devDependencies": {"vite": "5"}}',
            "bun.lock": "{}",
            "src/cart.ts": "1\n",
        },
        "FROM oven/bun:1\nWORKDIR /app\nCOPY . .\nRUN bun install --frozen-lockfile && bun run build\n",
        "FROM oven/bun:1\nWORKDIR /app\nCOPY package.json bun.lock ./\nRUN bun install --frozen-lockfile\nCOPY . .\nRUN bun run build\n",
        "src/cart.ts",
    ),
    Project(
        "yarn 4: its settings and the manifests of its workspaces",
        {
            "package.json": '{"name": "shop", "packageManager": "yarn@4.1.0", "scripts": {"build": "vite build"}, "workspaces": ["packages/*"], "dependencies": {"preact": "10"}, "devDependencies": {"vite": "5"}}',
            "yarn.lock": '"cart@workspace:packages/cart":\n',
            ".yarnrc.yml": "nodeLinker: node-modules\n",
            "packages/cart/package.json": '{"name": "cart"}',
            "packages/cart/index.js": "1\n",
            "src/shop.ts": "1\n",
        },
        "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN corepack enable && yarn install --immutable && yarn build\n",
        "FROM node:20\nWORKDIR /app\nCOPY package.json yarn.lock .yarnrc.yml ./\nCOPY packages/cart/package.json /app/packages/cart/\nRUN corepack enable && yarn install --immutable\nCOPY . .\nRUN yarn build\n",
        "src/shop.ts",
    ),
    Project(
        "uv: the project itself waits for the source",
        {
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\nreadme = "README.md"\ndependencies = ["flask"]\n\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
            "uv.lock": "version = 1\n",
            "README.md": "# Shop\n",
            "src/shop/__init__.py": "import flask\n",
        },
        "FROM ghcr.io/astral-sh/uv:python3.12-bookworm\nWORKDIR /app\nCOPY . .\nRUN uv sync --frozen --no-dev\n",
        "FROM ghcr.io/astral-sh/uv:python3.12-bookworm\nWORKDIR /app\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --frozen --no-dev --no-install-project\nCOPY . .\nRUN uv sync --frozen --no-dev\n",
        "src/shop/__init__.py",
    ),
    Project(
        "poetry: the project itself waits for the source, a setting does not",
        {
            "pyproject.toml": '[tool.poetry]\nname = "shop"\nversion = "1"\nreadme = "README.md"\npackages = [{include = "shop"}]\n\n[tool.poetry.dependencies]\npython = "^3.12"\nflask = "^3"\n\n[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
            "poetry.lock": "",
            "README.md": "# Shop\n",
            "shop/__init__.py": "import flask\n",
        },
        "FROM python:3.12\nRUN pip install poetry\nWORKDIR /app\nCOPY . .\nRUN poetry config virtualenvs.create false && poetry install --only main\n",
        "FROM python:3.12\nRUN pip install poetry\nWORKDIR /app\nCOPY pyproject.toml poetry.lock ./\nRUN poetry config virtualenvs.create false && poetry install --only main --no-root\nCOPY . .\nRUN poetry install --only main\n",
        "shop/__init__.py",
    ),
]

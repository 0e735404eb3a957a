"""Cache mounts that swallow what is needed."""

from tests.engine.traps.trap import NPM, Trap, all_first

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
        all_first("cargo build --release", "rust:1"),
        all_first("--mount=type=cache,target=/app/target cargo build --release", "rust:1"),
        all_first(
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
        "offline, and the artifacts were not downloaded before",
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
        all_first("go build -mod=vendor -o /run .", "golang:1.22"),
        all_first(
            "--mount=type=cache,target=/app/vendor go build -mod=vendor -o /run .", "golang:1.22"
        ),
        all_first(
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
        all_first("npm ci"),
        all_first("--mount=type=cache,target=/app/node_modules npm i"),
        all_first("--mount=type=cache,target=/root/.npm npm ci"),
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

"""Workspaces, path dependencies, and files that name other files."""

from tests.engine.traps.trap import Trap, all_first, manifests_first

WORKSPACES = [
    Trap(
        "npm workspaces",
        {
            "package.json": '{"workspaces": ["packages/*"]}',
            "package-lock.json": "{}",
            "packages/a/package.json": '{"name": "a", "dependencies": {"x": "1"}}',
            "packages/a/i.js": "",
        },
        all_first("npm ci"),
        manifests_first("npm ci", "COPY package*.json ./\n"),
        manifests_first(
            "npm ci", "COPY package*.json ./\nCOPY packages/a/package.json packages/a/\n"
        ),
    ),
    Trap(
        "yarn 1 workspaces",
        {
            "package.json": '{"workspaces": {"packages": ["packages/*"]}}',
            "yarn.lock": "",
            "packages/a/package.json": '{"name": "a", "dependencies": {"x": "1"}}',
        },
        all_first("yarn --frozen-lockfile"),
        manifests_first("yarn --frozen-lockfile", "COPY package.json yarn.lock ./\n"),
        manifests_first(
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
        all_first("yarn install --immutable"),
        manifests_first("yarn install --immutable", "COPY package.json yarn.lock .yarnrc.yml ./\n"),
        manifests_first(
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
        all_first("pnpm install --frozen-lockfile"),
        manifests_first("pnpm install --frozen-lockfile", "COPY package.json pnpm-*.yaml ./\n"),
        manifests_first(
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
        all_first("bun install --frozen-lockfile", "oven/bun:1"),
        manifests_first(
            "bun install --frozen-lockfile", "COPY package.json bun.lock ./\n", "oven/bun:1"
        ),
        manifests_first(
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
        all_first("uv sync --frozen", "ghcr.io/astral-sh/uv:latest"),
        manifests_first(
            "uv sync --frozen", "COPY pyproject.toml uv.lock ./\n", "ghcr.io/astral-sh/uv:latest"
        ),
        manifests_first(
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
        all_first("cargo fetch && cargo build --release", "rust:1"),
        manifests_first(
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
        all_first("cargo fetch --locked && cargo build --release", "rust:1"),
        manifests_first(
            "cargo fetch --locked",
            "COPY Cargo.toml Cargo.lock ./\n",
            "rust:1",
            "RUN cargo build --release\n",
        ),
        manifests_first(
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
        all_first("mvn dependency:go-offline && mvn package", "maven:3"),
        manifests_first(
            "mvn dependency:go-offline", "COPY pom.xml ./\n", "maven:3", "RUN mvn package\n"
        ),
        manifests_first(
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
        all_first("gradle dependencies && gradle build", "gradle:8"),
        manifests_first(
            "gradle dependencies",
            "COPY settings.gradle build.gradle ./\nCOPY core/build.gradle core/\n",
            "gradle:8",
            "RUN gradle build\n",
        ),
        manifests_first(
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
        all_first(
            "dotnet restore && dotnet publish src/Web --no-restore -o /out",
            "mcr.microsoft.com/dotnet/sdk:8.0",
        ),
        manifests_first(
            "dotnet restore",
            "COPY App.sln ./\nCOPY src/Web/Web.csproj src/Web/\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish src/Web --no-restore -o /out\n",
        ),
        manifests_first(
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
        all_first(
            "dotnet restore Web && dotnet publish Web --no-restore -o /out",
            "mcr.microsoft.com/dotnet/sdk:8.0",
        ),
        manifests_first(
            "dotnet restore Web",
            "COPY Web/Web.csproj Web/\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish Web --no-restore -o /out\n",
        ),
        manifests_first(
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
        all_first("composer install", "composer:2"),
        manifests_first("composer install", "COPY composer.* ./\n", "composer:2"),
        manifests_first(
            "composer install", "COPY composer.* ./\nCOPY packages packages\n", "composer:2"
        ),
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
        all_first("bundle install", "ruby:3.3"),
        manifests_first("bundle install", "COPY Gemfile Gemfile.lock ./\n", "ruby:3.3"),
        manifests_first(
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
        all_first("bundle install", "ruby:3.3"),
        manifests_first("bundle install", "COPY Gemfile Gemfile.lock x.gemspec ./\n", "ruby:3.3"),
        None,
        "lib/x/version",
    ),
    Trap(
        "a gem by path",
        {"Gemfile": 'gem "e", path: "engines/e"\n', "Gemfile.lock": "", "engines/e/e.gemspec": ""},
        all_first("bundle install", "ruby:3.3"),
        manifests_first("bundle install", "COPY Gemfile Gemfile.lock ./\n", "ruby:3.3"),
        manifests_first(
            "bundle install", "COPY Gemfile Gemfile.lock ./\nCOPY engines engines\n", "ruby:3.3"
        ),
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
        all_first("mix deps.get", "elixir:1.16"),
        manifests_first("mix deps.get", "COPY mix.exs mix.lock ./\n", "elixir:1.16"),
        manifests_first(
            "mix deps.get",
            "COPY mix.exs mix.lock ./\nCOPY apps/web/mix.exs apps/web/\n",
            "elixir:1.16",
        ),
        "apps_path",
    ),
]

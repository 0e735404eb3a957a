"""Settings of package managers that a listing of manifests forgets."""

from tests.engine.traps.trap import NPM, Trap, all_first, manifests_first

CONFIGURATION = [
    Trap(
        ".npmrc is lost",
        {**NPM, ".npmrc": "legacy-peer-deps=true\n"},
        all_first("npm ci"),
        manifests_first("npm ci", "COPY package*.json ./\n"),
        manifests_first("npm ci", "COPY package*.json .npmrc ./\n"),
    ),
    Trap(
        "the release of yarn that .yarnrc.yml names is lost",
        {
            "package.json": "{}",
            "yarn.lock": "",
            ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.cjs\nnodeLinker: node-modules\n",
            ".yarn/releases/yarn-4.cjs": "x",
        },
        all_first("yarn install --immutable"),
        manifests_first("yarn install --immutable", "COPY package.json yarn.lock .yarnrc.yml ./\n"),
        manifests_first(
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
        all_first("yarn install --immutable"),
        manifests_first("yarn install --immutable", "COPY package.json yarn.lock ./\n"),
        manifests_first("yarn install --immutable", "COPY package.json yarn.lock .yarnrc.yml ./\n"),
    ),
    Trap(
        "patches of patch-package are lost",
        {
            "package.json": '{"scripts": {"postinstall": "patch-package"}, "dependencies": {"patch-package": "8", "a": "1"}}',
            "package-lock.json": "{}",
            "patches/a.patch": "diff",
        },
        all_first("npm ci"),
        manifests_first("npm ci", "COPY package*.json ./\n"),
        manifests_first("npm ci", "COPY package*.json ./\nCOPY patches patches\n"),
    ),
    Trap(
        "a patch of pnpm is lost",
        {
            "package.json": '{"pnpm": {"patchedDependencies": {"a@1": "patches/a.patch"}}}',
            "pnpm-lock.yaml": "",
            "patches/a.patch": "diff",
        },
        all_first("pnpm install --frozen-lockfile"),
        manifests_first("pnpm install --frozen-lockfile", "COPY package.json pnpm-lock.yaml ./\n"),
        manifests_first(
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
        all_first("pnpm install --frozen-lockfile"),
        manifests_first(
            "pnpm install --frozen-lockfile",
            "COPY package.json pnpm-lock.yaml ./\nCOPY packages/a/package.json packages/a/\n",
        ),
        manifests_first(
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
        all_first("pnpm install --frozen-lockfile"),
        manifests_first("pnpm fetch", "COPY pnpm-lock.yaml ./\n"),
        manifests_first(
            "pnpm install --frozen-lockfile", "COPY package.json pnpm-lock.yaml .pnpmfile.cjs ./\n"
        ),
        "pnpmfile",
    ),
    Trap(
        "a patch that the lock file of pnpm names is lost by fetch",
        {
            "package.json": '{"dependencies": {"a": "1"}, "pnpm": {"patchedDependencies": {"a@1": "patches/a.patch"}}}',
            "pnpm-lock.yaml": "patchedDependencies:\n  a@1:\n    hash: x\n    path: patches/a.patch\n",
            "patches/a.patch": "diff",
        },
        all_first("pnpm install --frozen-lockfile"),
        manifests_first(
            "pnpm fetch",
            "COPY pnpm-lock.yaml ./\n",
            last="RUN pnpm install --frozen-lockfile --offline\n",
        ),
        manifests_first(
            "pnpm fetch",
            "COPY pnpm-lock.yaml ./\nCOPY patches patches\n",
            last="RUN pnpm install --frozen-lockfile --offline\n",
        ),
        "patches/a.patch",
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
        all_first("cargo build --release --locked", "rust:1"),
        manifests_first(
            "cargo build --release --locked",
            "COPY Cargo.toml Cargo.lock ./\nCOPY src src\n",
            "rust:1",
        ),
        manifests_first(
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
        all_first("gradle dependencies && gradle build", "gradle:8"),
        manifests_first(
            "gradle dependencies",
            "COPY settings.gradle.kts build.gradle.kts ./\n",
            "gradle:8",
            "RUN gradle build\n",
        ),
        manifests_first(
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
        all_first("./gradlew dependencies && ./gradlew build", "eclipse-temurin:21"),
        manifests_first(
            "./gradlew dependencies",
            "COPY gradlew settings.gradle build.gradle ./\n",
            "eclipse-temurin:21",
            "RUN ./gradlew build\n",
        ),
        manifests_first(
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
        all_first("./mvnw dependency:go-offline && ./mvnw package", "eclipse-temurin:21"),
        manifests_first(
            "./mvnw dependency:go-offline",
            "COPY mvnw pom.xml ./\n",
            "eclipse-temurin:21",
            "RUN ./mvnw package\n",
        ),
        manifests_first(
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
        all_first(
            "dotnet restore && dotnet publish --no-restore -o /out",
            "mcr.microsoft.com/dotnet/sdk:8.0",
        ),
        manifests_first(
            "dotnet restore",
            "COPY App.csproj ./\n",
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "RUN dotnet publish --no-restore -o /out\n",
        ),
        manifests_first(
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
        all_first("bundle install", "ruby:3.3"),
        manifests_first("bundle install", "COPY Gemfile Gemfile.lock ./\n", "ruby:3.3"),
        manifests_first(
            "bundle install", "COPY Gemfile Gemfile.lock .ruby-version ./\n", "ruby:3.3"
        ),
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

"""Files that dependency installs read: a COPY of these alone is no copy of source."""

import posixpath

_NAMES = frozenset(
    """
    .bundle .mvn .npmrc .nvmrc .node-version .pnpmfile.cjs .python-version .ruby-version
    .tool-versions .yarnrc .yarnrc.yml Cargo.lock Cargo.toml Directory.Build.props
    Directory.Build.targets Directory.Packages.props Gemfile Gemfile.lock NuGet.Config
    Package.resolved Package.swift Pipfile Pipfile.lock auth.json build.gradle build.gradle.kts
    bun.lock bun.lockb bunfig.toml cabal.project composer.json composer.lock conanfile.py
    conanfile.txt constraints.txt deno.json deno.lock environment.yaml environment.yml global.json
    go.mod go.sum go.work go.work.sum gradle.properties gradlew lerna.json libs.versions.toml
    mix.exs mix.lock mvnw npm-shrinkwrap.json nuget.config nx.json package-lock.json package.json
    packages.lock.json pdm.lock pnpm-lock.yaml pnpm-workspace.yaml poetry.lock poetry.toml pom.xml
    project.clj pubspec.lock pubspec.yaml pyproject.toml rebar.config rebar.lock renv.lock
    rust-toolchain rust-toolchain.toml settings.gradle settings.gradle.kts settings.xml setup.cfg
    setup.py stack.yaml stack.yaml.lock turbo.json uv.lock uv.toml yarn.lock
    """.split()
)
_SUFFIXES = (".csproj", ".fsproj", ".vbproj", ".sln", ".slnx", ".gemspec", ".cabal", ".sbt")


def is_manifest(path: str) -> bool:
    """Whether a file is named like a manifest, a lock file or the settings of an installer."""
    name = posixpath.basename(path)
    if name in _NAMES or name.endswith(_SUFFIXES):
        return True
    if name.endswith((".txt", ".in", ".pip")):
        folder = posixpath.basename(posixpath.dirname(path))
        return "requirements" in name or "constraints" in name or folder == "requirements"
    parts = path.split("/")
    if ".yarn" in parts or ".mvn" in parts or ".cargo" in parts or "patches" in parts:
        return True
    return name.endswith(".versions.toml") or parts[-3:-1] == ["gradle", "wrapper"]

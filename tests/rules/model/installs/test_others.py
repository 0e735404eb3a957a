"""rebar3, Swift, Dart, R, Haskell and Conan."""

import pytest

from rules.model.installs.conan import CONAN
from rules.model.installs.dart import DART
from rules.model.installs.haskell import CABAL, STACK
from rules.model.installs.install import Call
from rules.model.installs.rebar3 import REBAR3
from rules.model.installs.renv import RENV
from rules.model.installs.swift import SWIFT
from tests.rules.model.installs.image import Memory, ask, is_tool, listed, reason

ERLANG = {"rebar.config": "{deps, [cowboy]}.\n", "rebar.lock": "", "src/a.erl": ""}
PACKAGE = {
    "Package.swift": 'let package = Package(dependencies: [.package(url: "https://x/y", from: "1.0.0")])',
    "Package.resolved": "{}",
    "Sources/a.swift": "",
}
PUBSPEC = {
    "pubspec.yaml": "name: a\ndependencies:\n  http: ^1\n",
    "pubspec.lock": "",
    "lib/a.dart": "",
}
HASKELL = {"a.cabal": "name: a\nbuild-type: Simple\n", "src/A.hs": ""}


@pytest.mark.parametrize(
    ("manager", "command", "files", "wanted"),
    [
        (REBAR3, "rebar3 get-deps", ERLANG, ["rebar.config", "rebar.lock"]),
        (REBAR3, "rebar3 as prod compile --deps_only", ERLANG, ["rebar.config", "rebar.lock"]),
        (SWIFT, "swift package resolve", PACKAGE, ["Package.resolved", "Package.swift"]),
        (DART, "dart pub get", PUBSPEC, ["pubspec.yaml", "pubspec.lock"]),
        (DART, "flutter pub get --no-example", PUBSPEC, ["pubspec.yaml", "pubspec.lock"]),
        (CABAL, "cabal build --only-dependencies", HASKELL, ["a.cabal"]),
        (CONAN, "conan install . -of /b --build=missing", {"conanfile.txt": ""}, ["conanfile.txt"]),
    ],
)
def test_dependencies_read_their_manifests(manager, command, files, wanted):
    assert listed(manager, command, files) == wanted


def test_packages_by_path_are_followed_in_dart():
    files = {
        "pubspec.yaml": "workspace: [pkgs/w]\ndependencies:\n  b: {path: ../b}\n",
        "pubspec_overrides.yaml": "dependency_overrides:\n  c: {path: pkgs/c}\n",
        "pkgs/w/pubspec.yaml": "resolution: workspace\n",
        "pkgs/c/pubspec.yaml": "name: c\n",
    }
    whole = {f"m/{path}": text for path, text in files.items()} | {"b/pubspec.yaml": "name: b\n"}
    assert set(listed(DART, "dart pub get", whole, folder="/app/m")) == set(whole)
    assert set(listed(DART, "dart pub get", whole, folder="/app/m/pkgs/w")) == set(whole)


def test_packages_of_a_cabal_project_are_found_by_their_patterns():
    files = {
        "cabal.project": "packages: ./*.cabal\n  libs/*/\n  -- old/\noptional-packages: x/y.cabal, z\n",
        "a.cabal": "",
        "libs/b/b.cabal": "",
        "x/y.cabal": "",
        "z/z.cabal": "",
        "old/o.cabal": "",
        "cabal.project.freeze": "",
    }
    assert set(listed(CABAL, "cabal build all --only-dependencies", files)) == set(files) - {
        "old/o.cabal"
    }


def test_stack_reads_the_files_of_its_packages():
    files = {
        "stack.yaml": "resolver: lts-22\npackages: [., lib]\n",
        "stack.yaml.lock": "",
        "package.yaml": "",
        "lib/l.cabal": "",
    }
    assert set(listed(STACK, "stack build --only-dependencies", files)) == set(files)
    assert set(listed(STACK, "stack setup", files)) == set(files)


@pytest.mark.parametrize(
    ("manager", "command", "files", "why"),
    [
        (REBAR3, "rebar3 release", ERLANG, "compiles"),
        (REBAR3, "rebar3 get-deps", {**ERLANG, "rebar.config": "{pre_hooks, []}."}, "other files"),
        (REBAR3, "rebar3 get-deps", {**ERLANG, "rebar.config.script": ""}, "other files"),
        (REBAR3, "rebar3 get-deps", {**ERLANG, "apps/a/rebar.config": ""}, "applications"),
        (SWIFT, "swift build -c release", PACKAGE, "compiles"),
        (
            SWIFT,
            "swift package resolve",
            {"Package.swift": '.package(\n  path: "../x")'},
            "own files",
        ),
        (SWIFT, "swift package resolve", {"Package.swift": "FileManager.default"}, "other files"),
        (SWIFT, "swift package resolve", {}, "does not come"),
        (
            DART,
            "dart pub get",
            {"pubspec.yaml": "dependencies:\n  b: {path: ../b}\n"},
            "does not come",
        ),
        (DART, "flutter pub get", {"pubspec.yaml": "flutter:\n  generate: true\n"}, "generate"),
        (DART, "dart compile exe x", PUBSPEC, "compiles"),
        (CABAL, "cabal build", HASKELL, "compiles"),
        (CABAL, "cabal build --only-dependencies", {"a.cabal": "build-type: Custom\n"}, "set-up"),
        (CABAL, "cabal build --only-dependencies", {"cabal.project": "import: x\n"}, "other files"),
        (CABAL, "cabal build --only-dependencies", {}, "no `.cabal`"),
        (STACK, "stack build", {"stack.yaml": ""}, "compiles"),
        (STACK, "stack setup", {"stack.yaml": "extra-deps: [./x]"}, "own files"),
        (STACK, "stack setup", {"stack.yaml": "packages: [none]"}, "not there"),
        (CONAN, "conan install .", {}, "does not come"),
        (CONAN, "conan install .", {"conanfile.py": "load(self, 'x')"}, "other files"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(manager, command, files, why):
    assert why in reason(manager, command, files)


def r(code, files, *more):
    image = Memory({f"/app/{path}": text for path, text in files.items()})
    return RENV.read(Call(("-e", code, *more), "/app"), image)


LOCKED = {
    "renv.lock": "{}",
    ".Rprofile": "source('renv/activate.R')\n",
    "renv/activate.R": "",
    "app.R": "",
}


@pytest.mark.parametrize(
    "code",
    [
        "renv::restore()",
        "renv::restore(prompt = FALSE, clean=TRUE)",
        "install.packages('renv'); renv::restore()",
    ],
)
def test_renv_reads_its_lock_and_what_starts_it(code):
    assert r(code, LOCKED).files == ("/app/renv.lock", "/app/.Rprofile", "/app/renv/activate.R")
    assert r(code, LOCKED, "--vanilla").files == ("/app/renv.lock",)


def test_names_are_tools_unless_a_profile_is_read_first():
    code = "install.packages(c('shiny', 'dplyr'), repos='https://x')"
    assert r(code, {}).project is False
    assert r(code, LOCKED).files == ("/app/.Rprofile", "/app/renv/activate.R")


@pytest.mark.parametrize(
    "code",
    [
        "renv::restore(lockfile='x')",
        "source('x.R')",
        "install.packages('./x', repos=NULL)",
        "install.packages(readLines('x'))",
        "",
    ],
)
def test_other_expressions_are_not_known(code):
    assert r(code, LOCKED) is None


def test_renv_without_a_lock_or_with_another_profile_needs_the_source():
    assert r("renv::restore()", {}).needs_source
    assert r("renv::restore()", {**LOCKED, ".Rprofile": "source('x.R')"}).needs_source


def test_tools_and_other_commands():
    assert is_tool(DART, "dart pub global activate x", PUBSPEC)
    assert is_tool(CABAL, "cabal update", HASKELL)
    assert is_tool(CONAN, "conan install --requires=zlib/1.3", {})
    for manager, command in ((REBAR3, "rebar3 version"), (SWIFT, "swift --version"), (DART, "dart format"),
                             (CABAL, "cabal clean"), (STACK, "stack exec x"), (CONAN, "conan profile detect")):  # fmt: skip
        assert ask(manager, command, {}) is None

import json

import pytest

from rules.model.installs.pnpm import PNPM
from tests.rules.model.installs.image import ask, is_tool, listed, reason

ONE = {"package.json": "{}", "pnpm-lock.yaml": ""}
SPACE = {
    **ONE,
    "pnpm-workspace.yaml": "packages:\n  - 'apps/*'\n",
    "apps/a/package.json": '{"dependencies": {"b": "workspace:*"}}',
    "apps/b/package.json": '{"bin": "cli.js"}',
    "apps/b/cli.js": "",
    "apps/b/src/x.ts": "",
}


@pytest.mark.parametrize(
    "command", ["pnpm install --frozen-lockfile", "pnpm i", "pnpm --filter=a i --prod"]
)
def test_an_install_reads_manifest_and_lock(command):
    assert listed(PNPM, command, ONE) == ["package.json", "pnpm-lock.yaml"]


@pytest.mark.parametrize(
    "command", ["pnpm build", "pnpm run x", "pnpm exec x", "pnpm", "pnpm store prune"]
)
def test_other_commands_install_nothing(command):
    assert ask(PNPM, command, ONE) is None


@pytest.mark.parametrize("folder", ["/app", "/app/apps/a"])
def test_a_workspace_is_listed_from_any_of_its_folders(folder):
    assert listed(PNPM, "pnpm install", SPACE, folder=folder) == [
        "package.json",
        "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
        "apps/a/package.json",
        "apps/b/package.json",
        "apps/b/cli.js",
    ]
    assert ask(PNPM, "pnpm install", SPACE).writes == (
        "/app/node_modules",
        "/app/apps/a/node_modules",
        "/app/apps/b/node_modules",
    )


def test_patches_and_hooks_are_read():
    manifest = {"pnpm": {"patchedDependencies": {"a@1": "patches/a.patch"}}}
    files = {
        "package.json": json.dumps(manifest),
        "patches/a.patch": "",
        ".pnpmfile.cjs": "module.exports = {hooks: {}}",
        ".npmrc": "shamefully-hoist=true",
    }
    assert set(listed(PNPM, "pnpm install", files)) == set(files)
    assert set(listed(PNPM, "pnpm fetch", {**files, "pnpm-lock.yaml": ""})) == {
        *files,
        "pnpm-lock.yaml",
    }


def test_patches_of_the_workspace_file_are_read():
    files = {
        **ONE,
        "pnpm-workspace.yaml": "patchedDependencies:\n  a: p/a.patch\n",
        "p/a.patch": "",
    }
    assert "p/a.patch" in listed(PNPM, "pnpm install", files)


def test_fetch_reads_the_lock_file_alone():
    assert listed(PNPM, "pnpm fetch --prod", ONE) == ["pnpm-lock.yaml"]
    asked = {
        **SPACE,
        "package.json": '{"packageManager": "pnpm@9.1.0", "scripts": {"prepare": "tsc"}}',
    }
    assert listed(PNPM, "pnpm fetch", asked) == [
        "pnpm-lock.yaml",
        "package.json",
        "pnpm-workspace.yaml",
    ]


def test_a_global_package_is_a_tool():
    assert is_tool(PNPM, "pnpm add -g turbo", ONE)
    assert is_tool(PNPM, "pnpm -g install serve", ONE)


def test_the_project_says_which_pnpm_installs_a_global_package_and_from_where():
    files = {
        **ONE,
        "package.json": '{"packageManager": "pnpm@9.1.0"}',
        ".npmrc": "registry=https://x/",
    }
    assert listed(PNPM, "pnpm add -g turbo", files) == ["package.json", ".npmrc"]
    assert is_tool(PNPM, "pnpm add -g turbo", ONE)


@pytest.mark.parametrize(
    ("command", "files", "why"),
    [
        ("pnpm install", {}, "does not come from the build context"),
        ("pnpm fetch", {}, "does not come from the build context"),
        ("pnpm add x", ONE, "adds packages"),
        ("pnpm deploy --filter a out", SPACE, "packages of the project"),
        ("pnpm install x", ONE, "adds packages"),
        ("pnpm install --modules-dir x", ONE, "not followed"),
        ("pnpm i", {**SPACE, "apps/a/package.json": '{"scripts": {"postinstall": "tsc"}}'}, "postinstall"),
        ("pnpm i", {**ONE, "package.json": '{"scripts": {"pnpm:devPreinstall": "x"}}'}, "devPreinstall"),
        ("pnpm i", {**ONE, ".pnpmfile.cjs": "require('./x')"}, "may read other files"),
        ("pnpm i", {**ONE, "pnpm-workspace.yaml": "injectWorkspacePackages: true"}, "injectWorkspace"),
        ("pnpm i", {**ONE, "pnpm-workspace.yaml": "overrides:\n  a: link:../a"}, "local ones"),
        ("pnpm i", {**ONE, "pnpm-workspace.yaml": "patchedDependencies:\n  a: p/a.patch"}, "patch"),
        ("pnpm i", {**ONE, ".npmrc": "inject-workspace-packages=true"}, "inject-workspace"),
        ("pnpm i", {**SPACE, "apps/a/package.json": '{"dependenciesMeta": {"b": {"injected": true}}}'},
         "copied into"),
        ("pnpm i", {**SPACE, "apps/b/package.json": '{"publishConfig": {"directory": "dist"}}'}, "build folder"),
        ("pnpm i", {**ONE, "pnpm-workspace.yaml": "- a"}, "no table"),
        ("pnpm i", {**ONE, "pnpm-workspace.yaml": "a: [" * 5000}, "YAML"),
    ],
)  # fmt: skip
def test_what_cannot_be_listed_needs_the_source(command, files, why):
    assert why in reason(PNPM, command, files)


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        ({**ONE, "package.json": '{"packageManager": "pnpm@6.35.1"}'}, ".pnpm-store"),
        ({**ONE, "package.json": '{"packageManager": "pnpm@9.1.0+sha512.abc"}'}, None),
        (ONE, None),
    ],
)
def test_the_store_depends_on_the_version(files, folder):
    caches = ask(PNPM, "pnpm install", files).caches
    assert (caches[0].folder if caches else None) == folder


@pytest.mark.parametrize("setting", ["storeDir: /x", "enableGlobalVirtualStore: true"])
def test_a_store_that_is_moved_or_used_gets_no_mount(setting):
    assert ask(PNPM, "pnpm i", {**ONE, "pnpm-workspace.yaml": setting}).caches[0].refused


LOCK = """\
lockfileVersion: '9.0'

importers:

  .: {}

  packages/a:
    dependencies:
      b:
        version: 1.0.0

  'packages/c':
    dependencies: {}

packages:

  b@1.0.0:
    resolution: {}
"""


@pytest.mark.parametrize(("there", "fetched"), [("ac", True), ("a", False), ("c", False)])
def test_nothing_is_fetched_for_packages_of_the_workspace_that_are_not_there(there, fetched):
    """They would stay in `node_modules/.pnpm`."""
    files = {f"packages/{name}/package.json": "{}" for name in there}
    files |= {"package.json": "{}", "pnpm-workspace.yaml": "packages: ['packages/*']"}
    found = ask(PNPM, "pnpm install", {**files, "pnpm-lock.yaml": LOCK})
    assert found is not None
    assert (found.split is not None) is fetched

import json

import pytest

from rules.model.installs.yarn import YARN
from tests.rules.model.installs.image import ask, is_tool, listed, reason

CLASSIC = {"package.json": "{}", "yarn.lock": ""}
MODERN = {
    "package.json": '{"packageManager": "yarn@4.5.0"}',
    "yarn.lock": "",
    ".yarnrc.yml": "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.5.0.cjs\n",
    ".yarn/releases/yarn-4.5.0.cjs": "",
}


def package(**keys):
    return {**CLASSIC, "package.json": json.dumps(keys)}


@pytest.mark.parametrize(
    "command",
    ["yarn", "yarn install --frozen-lockfile", "yarn --production --network-timeout 100000"],
)
def test_the_classic_one_reads_manifest_and_lock(command):
    assert listed(YARN, command, CLASSIC) == ["package.json", "yarn.lock"]


@pytest.mark.parametrize(
    "command", ["yarn build", "yarn run build", "yarn --version", "yarn cache clean", "yarn -v"]
)
def test_other_commands_install_nothing(command):
    assert ask(YARN, command, CLASSIC) is None


def test_a_global_package_is_a_tool():
    assert is_tool(YARN, "yarn global add serve", CLASSIC)


def test_the_folder_may_be_named():
    files = {"web/package.json": "{}", "web/yarn.lock": ""}
    assert listed(YARN, "yarn --cwd web install", files) == ["web/package.json", "web/yarn.lock"]


def test_settings_of_the_classic_one_are_read_from_all_folders_above():
    files = {"web/package.json": "{}", ".yarnrc": 'registry "https://x"\n', ".npmrc": "a=b"}
    assert listed(YARN, "yarn", files, folder="/app/web") == [
        "web/package.json",
        ".npmrc",
        ".yarnrc",
    ]


def test_the_release_that_settings_name_is_read():
    files = {**CLASSIC, ".yarnrc": 'yarn-path ".yarn/yarn.cjs"', ".yarn/yarn.cjs": ""}
    assert ".yarn/yarn.cjs" in listed(YARN, "yarn", files)


@pytest.mark.parametrize(
    ("command", "files", "why"),
    [
        ("yarn", {}, "does not come from the build context"),
        ("yarn add x", CLASSIC, "adds packages"),
        ("yarn global add ./x", CLASSIC, "folder of the project"),
        ("yarn", {**CLASSIC, ".yarnrc": 'yarn-offline-mirror "./mirror"'}, "`yarn-offline-mirror`"),
        ("yarn", package(scripts={"postinstall": "node x"}), "`postinstall`"),
        ("yarn", package(dependencies={"a": "link:."}), "among its own files"),
        ("yarn", package(dependencies={"a": "workspace:*"}), "workspace"),
        ("yarn", {**MODERN, ".yarnrc.yml": "constraintsPath: x"}, "`constraintsPath`"),
        ("yarn", {**MODERN, ".yarnrc.yml": "plugins:\n  - ./my-plugin.cjs\n"}, "plugin"),
        ("yarn", {**MODERN, ".yarnrc.yml": "yarnPath: .yarn/none.cjs"}, "not in the context"),
        ("yarn", {**MODERN, ".yarnrc.yml": "a: &x [1]\nb: *x"}, "YAML"),
        ("yarn", {**MODERN, "package.json": '{"dependencies": {"a": "exec:./x.js"}}'}, "script makes"),
        ("yarn", {**MODERN, "package.json": '{"dependencies": {"a": "patch:a@1#./x.patch"}}'}, "patch"),
    ],
)  # fmt: skip
def test_what_cannot_be_listed_needs_the_source(command, files, why):
    assert why in reason(YARN, command, files)


def test_the_modern_one_reads_its_settings_release_and_patches():
    patch = "patch:a@npm:1.0#~/.yarn/patches/a.patch"
    files = {
        **MODERN,
        "package.json": json.dumps({"packageManager": "yarn@4.5.0", "dependencies": {"a": patch}}),
        ".yarn/patches/a.patch": "",
        ".yarn/install-state.gz": "",
        "src/a.ts": "",
    }
    assert listed(YARN, "yarn install --immutable", files) == [
        "package.json",
        "yarn.lock",
        ".yarnrc.yml",
        ".yarn/releases/yarn-4.5.0.cjs",
        ".yarn/patches/a.patch",
    ]


def test_the_modern_one_runs_no_prepare_script():
    files = {**MODERN, "package.json": '{"scripts": {"prepare": "tsc"}}'}
    assert "package.json" in listed(YARN, "yarn workspaces focus --production", files)
    files = {**MODERN, "package.json": '{"scripts": {"postinstall": "tsc"}}'}
    assert "`postinstall`" in reason(YARN, "yarn", files)
    assert listed(YARN, "yarn install --mode=skip-build", files)


def test_members_of_a_workspace_are_listed():
    files = {**package(workspaces={"packages": ["p/*"]}), "p/a/package.json": "{}"}
    assert listed(YARN, "yarn", files) == ["package.json", "yarn.lock", "p/a/package.json"]
    assert "/app/p/a/node_modules" in ask(YARN, "yarn", files).writes


def caches(files):
    return ask(YARN, "yarn", files).caches


def test_the_cache_depends_on_the_version_and_the_linker():
    assert caches(CLASSIC) is None
    assert YARN.cache.root_folder == "/usr/local/share/.cache/yarn"
    assert caches(MODERN)[0].folder == ".yarn/berry/cache"
    assert caches(MODERN)[0].refused is None
    old = {**MODERN, "package.json": '{"name": "@a/b", "packageManager": "yarn@3.6.0"}'}
    assert caches(old)[0].folder == "/app/.yarn/cache"
    assert caches(old)[0].id == "a-b-yarn-cache"
    unnamed = {**old, "package.json": '{"packageManager": "yarn@3.6.0"}'}
    assert "other projects" in caches(unnamed)[0].refused
    fixed = {**old, ".yarnrc.yml": "nodeLinker: node-modules\nenableImmutableCache: true"}
    assert caches(fixed)[0].refused
    plug = {**MODERN, ".yarnrc.yml": ""}
    assert "Plug'n'Play" in caches(plug)[0].refused
    del plug[".yarn/releases/yarn-4.5.0.cjs"]
    assert ask(YARN, "yarn", plug).writes == ("/app/.pnp.cjs", "/app/.pnp.loader.mjs", "/app/.yarn")
    moved = {**MODERN, ".yarnrc.yml": "nodeLinker: node-modules\ncacheFolder: x"}
    assert caches(moved)[0].refused


@pytest.mark.parametrize(
    ("settings", "own"),
    [
        ("enableGlobalCache: true\n", ["install-state.gz", "build-state.yml", "unplugged"]),
        ("nodeLinker: node-modules\n", ["install-state.gz", "cache"]),
    ],
)
def test_of_a_folder_that_holds_a_release_of_yarn_only_parts_are_filled(settings, own):
    files = {"package.json": "{}", "yarn.lock": "", ".yarnrc.yml": settings, ".yarn/releases/y": ""}
    found = ask(YARN, "yarn install", files)
    assert found is not None
    assert [w.partition(".yarn/")[2] for w in found.writes if ".yarn/" in w] == own

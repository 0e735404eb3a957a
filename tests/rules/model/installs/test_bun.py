import pytest

from rules.model.installs.bun import BUN
from tests.rules.model.installs.image import ask, is_tool, listed, reason

ONE = {"package.json": "{}", "bun.lock": ""}


@pytest.mark.parametrize(
    "command", ["bun install --frozen-lockfile", "bun i", "bun ci", "bun --cwd . install"]
)
def test_an_install_reads_manifest_lock_and_settings(command):
    files = {**ONE, "bunfig.toml": "[install]\nexact = true\n", "package-lock.json": ""}
    assert listed(BUN, command, files) == ["package.json", "bun.lock", "bunfig.toml"]


def test_another_lock_file_is_read_when_there_is_no_own():
    files = {"package.json": "{}", "yarn.lock": ""}
    assert listed(BUN, "bun install", files) == ["package.json", "yarn.lock"]


def test_workspaces_and_patches_are_read():
    files = {
        "package.json": '{"workspaces": ["p/*"], "patchedDependencies": {"a@1": "patches/a.patch"}}',
        "bun.lockb": "",
        "patches/a.patch": "",
        "p/a/package.json": "{}",
    }
    assert set(listed(BUN, "bun install", files)) == set(files)


@pytest.mark.parametrize(
    "command", ["bun run build", "bun build", "bun", "bun x", "bun pm cache rm"]
)
def test_other_commands_install_nothing(command):
    assert ask(BUN, command, ONE) is None


def test_a_global_package_is_a_tool():
    assert is_tool(BUN, "bun add -g turbo", ONE)


@pytest.mark.parametrize(
    ("command", "files", "why"),
    [
        ("bun install", {}, "does not come"),
        ("bun add x", ONE, "adds packages"),
        ("bun install -c x.toml", ONE, "settings"),
        ("bun install", {**ONE, "bunfig.toml": "[install]\ncafile = 'x'"}, "names files"),
        ("bun install", {**ONE, "bunfig.toml": "="}, "TOML"),
        ("bun install", {"package.json": '{"scripts": {"prepare": "tsc"}}'}, "`prepare`"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(command, files, why):
    assert why in reason(BUN, command, files)


def test_a_cache_that_is_used_or_moved_gets_no_mount():
    assert ask(BUN, "bun install --backend=symlink", ONE).caches[0].refused
    assert (
        ask(BUN, "bun install", {**ONE, "bunfig.toml": "[install.cache]\ndir = 'x'"})
        .caches[0]
        .refused
    )
    assert ask(BUN, "bun install", ONE).caches is None

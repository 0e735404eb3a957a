import json

import pytest

from rules.model.installs.composer import COMPOSER
from tests.rules.model.installs.image import ask, is_tool, listed, reason


def manifest(**keys):
    return {"composer.json": json.dumps(keys), "composer.lock": "{}", "src/A.php": ""}


BARE = "composer install --no-scripts --no-autoloader"
PSR = {"autoload": {"psr-4": {"A\\": "src/"}, "files": ["src/helpers.php"]}}


@pytest.mark.parametrize(
    "command", [BARE + " --no-dev", "composer install", "composer i --no-plugins"]
)
def test_an_install_reads_manifest_and_lock(command):
    assert listed(COMPOSER, command, manifest(**PSR)) == ["composer.json", "composer.lock"]


def test_more_files_that_belong_to_it_are_read():
    files = {
        **manifest(config={"allow-plugins": {"symfony/flex": True}}),
        "symfony.lock": "",
        "auth.json": "{}",
    }
    assert listed(COMPOSER, BARE, files)[2:] == ["symfony.lock", "auth.json"]


@pytest.mark.parametrize(
    ("command", "keys", "added"),
    [
        ("composer install", {"scripts": {"post-install-cmd": ["x"]}}, ("--no-scripts",)),
        ("composer install", {"autoload": {"classmap": ["database"]}}, ("--no-autoloader",)),
        ("composer install -o", PSR, ("--no-autoloader",)),
        ("composer install --no-dev --optimize-autoloader", PSR, ("--no-autoloader",)),
        (
            "composer install",
            {**PSR, "config": {"optimize-autoloader": True}},
            ("--no-autoloader",),
        ),
        (
            "composer install -o",
            {**PSR, "scripts": {"post-autoload-dump": "x"}},
            ("--no-scripts", "--no-autoloader"),
        ),
    ],
)
def test_scripts_and_the_class_loader_need_the_source_but_not_the_packages(command, keys, added):
    reads = ask(COMPOSER, command, manifest(**keys))
    assert reads.needs_source
    assert reads.split.words == (*command.split(), *added)
    assert reads.split.reads.files == ("/app/composer.json", "/app/composer.lock")


def test_scripts_of_ones_own_do_not_run():
    assert listed(COMPOSER, "composer install", manifest(scripts={"test": "phpunit"}))


def test_the_place_and_the_name_of_the_manifest_may_be_told():
    files = {"x/composer.json": "{}", "x/other.json": "{}"}
    assert listed(COMPOSER, "composer install -d x", files) == ["x/composer.json"]
    assert listed(
        COMPOSER, "composer install", files, folder="/app/x", environment={"COMPOSER": "other.json"}
    ) == ["x/other.json"]
    assert reason(COMPOSER, "composer install", files, environment={"COMPOSER": None})


def test_packages_go_where_settings_say():
    files = manifest(config={"vendor-dir": "lib"}, extra={"installer-paths": {"web/m/{$name}": []}})
    assert ask(COMPOSER, BARE, files).writes == ("/app/lib", "/app/web/m")


def test_small_local_packages_and_patches_are_listed():
    files = {
        **manifest(
            repositories=[{"type": "path", "url": "./lib"}, {"type": "vcs", "url": "https://x/y"}],
            extra={"patches": {"a/b": {"why": "patches/a.patch", "web": "https://x/p"}}},
        ),
        "lib/composer.json": "{}",
        "lib/x.php": "",
        "patches/a.patch": "",
    }
    assert listed(COMPOSER, BARE, files)[2:] == [
        "lib/composer.json",
        "lib/x.php",
        "patches/a.patch",
    ]


@pytest.mark.parametrize(
    ("command", "keys", "why"),
    [
        ("composer require a/b", {}, "changes"),
        ("composer update", {}, "changes"),
        (BARE, {"repositories": [{"type": "path", "url": "../*"}]}, "own files"),
        (BARE, {"repositories": {"x": {"type": "vcs", "url": "./x/y"}}}, "not an address"),
        (BARE, {"config": {"allow-plugins": True}}, "plugins"),
        (BARE, {"config": {"allow-plugins": {"x/y": True}}}, "`x/y`"),
        (BARE, {"config": {"allow-plugins": {"composer/installers": True}}}, "not followed"),
        (BARE, {"extra": {"patches": {"a/b": {"why": "none.patch"}}}}, "patch"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(command, keys, why):
    assert why in reason(COMPOSER, command, manifest(**keys))


def test_tools_and_other_commands():
    assert is_tool(COMPOSER, "composer global require x/y", manifest())
    assert is_tool(COMPOSER, "composer create-project x/y /opt/y", manifest())
    assert ask(COMPOSER, "composer dump-autoload -o", manifest()) is None
    assert "does not come" in reason(COMPOSER, "composer install", {})


@pytest.mark.parametrize("plugins", [True, {"a/b": True}])
def test_plugins_that_read_the_source_can_follow_it(plugins):
    found = ask(COMPOSER, "composer install", manifest(config={"allow-plugins": plugins}))
    assert found is not None
    assert "--no-plugins" in (found.instead or "")

import pytest

from rules.model.cheap import is_cheap


@pytest.mark.parametrize(
    "command",
    [
        "mkdir -p /app/logs",
        ": nothing",
        "git init",
        "git init --quiet .",
        "git config --global user.name app",
        "bundle config set --local path vendor/bundle",
        "bundle config --global frozen 1",
        "npm config set registry https://example.org",
        "pip config set global.index-url https://example.org",
        "poetry config virtualenvs.create false",
        "yarn config set cache-folder /cache",
        "composer config --global repos.own composer https://example.org",
        "pnpm config set store-dir /store",
        "corepack enable pnpm",
        "a2enmod rewrite",
        "nproc --all",
        "uname -m",
    ],
)
def test_what_writes_a_few_lines_is_cheap(command):
    assert is_cheap(command.split())


@pytest.mark.parametrize(
    "command",
    [
        "",
        "git",
        "git clone https://example.org/init",
        "git -C config pull",
        "npm ci",
        "npm install config",
        "init git",
        "corepack prepare pnpm@9 --activate",
        "poetry install",
        "config",
    ],
)
def test_what_downloads_builds_or_is_not_known_is_not(command):
    assert not is_cheap(command.split())

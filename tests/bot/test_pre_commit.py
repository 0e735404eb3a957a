import re
from pathlib import Path

import pytest

from bot.cli import main
from rules.model.builder import is_dockerfile, is_ignore_file

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


def test_the_hooks_are_what_pre_commit_reads_and_the_command_takes():
    clientlib = pytest.importorskip("pre_commit.clientlib", reason="no pre-commit")
    hooks = clientlib.load_manifest(MANIFEST)
    assert [hook["id"] for hook in hooks] == ["layerwise", "layerwise-fix"]
    for hook in hooks:
        _, command, *options = hook["entry"].split()
        known = {name for option in main.commands[command].params for name in option.opts}
        assert set(options) <= known


NAMES = """Dockerfile a/Dockerfile Dockerfile.dev Dockerfile.j2 Dockerfile.md Dockerfiles dockerfile
web.dockerfile a/web.Dockerfile Containerfile Containerfile.x .dockerignore Dockerfile.dockerignore
a/.dockerignore main.py dockerfile.py Dockerfile/x""".split()


@pytest.mark.parametrize("name", NAMES)
def test_the_hooks_are_given_dockerfiles_and_ignore_files(name):
    clientlib = pytest.importorskip("pre_commit.clientlib", reason="no pre-commit")
    for hook in clientlib.load_manifest(MANIFEST):
        given = re.search(hook["files"], name) and not re.search(hook["exclude"], name)
        assert bool(given) == (is_dockerfile(name) or is_ignore_file(name))

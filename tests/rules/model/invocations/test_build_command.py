import shlex

import pytest

from rules.model.invocations.build_command import read_build


@pytest.mark.parametrize(
    ("line", "builder", "context", "file"),
    [
        ("docker build .", "buildkit", ".", None),
        ("docker build -t a -f b/c ctx", "buildkit", "ctx", "b/c"),
        ("docker build ctx --file=b --pull --no-cache -q", "buildkit", "ctx", "b"),
        ("docker --context x --debug buildx build --push --platform a,b .", "buildkit", ".", None),
        ("docker image build --rm --build-arg A=1 .", "buildkit", ".", None),
        ("/usr/bin/docker builder build -fb .", "buildkit", ".", "b"),
        ("docker buildx build --load --builder x --cache-to type=gha .", "buildkit", ".", None),
        ("nerdctl build .", "buildkit", ".", None),
        ("depot build --project x .", "buildkit", ".", None),
        ("podman build --squash -f a .", "podman", ".", "a"),
        ("podman image build .", "podman", ".", None),
        ("buildah bud --layers --tls-verify -t x .", "podman", ".", None),
        ("az acr build --registry r --image i --no-logs -f a .", "legacy", ".", "a"),
        ("/kaniko/executor --context dir:///w/a --dockerfile b --cache", "kaniko", "/w/a", "b"),
        ("docker build -", "buildkit", "-", None),
    ],
)
def test_a_command_builds(line, builder, context, file):
    build = read_build(shlex.split(line))
    assert build is not None
    assert (build.builder, build.context, build.file) == (builder, context, file)


@pytest.mark.parametrize(
    "line",
    ["docker run build .", "docker push a", "docker build", "docker build a b", "docker compose build",
     "docker buildx bake", "podman pull", "az acr login", "executor --context .", "echo docker build ."],
)  # fmt: skip
def test_a_command_builds_nothing(line):
    assert read_build(shlex.split(line)) is None


def test_buildkit_may_be_switched_off():
    build = read_build(["docker", "build", "."], legacy=True)
    assert build is not None
    assert build.builder == "legacy"


def test_words_that_are_not_known_are_none():
    build = read_build(["docker", "build", "-f", None, "--target", "a", None])
    assert build is not None
    assert build.named
    assert (build.file, build.context, build.values("--target")) == (None, None, ["a"])

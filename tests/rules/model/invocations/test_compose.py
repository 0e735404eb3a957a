import pytest

from rules.model.invocations import Cache
from tests.rules.model.invocations.shown import places, shown


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (".", [("Dockerfile", "")]),
        ("./a", [("a/Dockerfile", "a")]),
        ("{context: a}", [("a/Dockerfile", "a")]),
        ("{context: ., dockerfile: a/web.Dockerfile}", [("a/web.Dockerfile", "")]),
        ("{context: a, dockerfile: web.Dockerfile}", [("a/web.Dockerfile", "a")]),
        ("{context: a/b, dockerfile: ../web.Dockerfile}", [("a/web.Dockerfile", "a/b")]),
        ("{dockerfile: a/Dockerfile}", [("a/Dockerfile", "")]),
        ('"${DIR:-a}"', [("a/Dockerfile", "a")]),
        ("$DIR", []),
        ("{context: a, dockerfile: $FILE}", []),
        ("{context: ., dockerfile_inline: FROM a}", []),
        ("https://github.com/a/b.git", []),
        ("..", []),
        ("nowhere", []),
        ("[a]", []),
        ("", []),
    ],
)
def test_a_service_is_built_from_a_context_and_a_file(build, expected):
    assert places({"compose.yaml": f"services:\n  x:\n    build: {build}\n"}) == expected


@pytest.mark.parametrize(
    "name",
    ["docker-compose.yml", "compose.prod.yaml", "docker-compose.override.yml", "dev/Compose.yml"],
)
def test_paths_start_at_the_compose_file(name):
    up = "../" * name.count("/")
    assert places({name: f"services: {{x: {{build: {up}a}}}}"}) == [("a/Dockerfile", "a")]


def test_target_arguments_contexts_and_caches_are_read():
    text = """
services:
  x:
    build:
      context: .
      target: dev
      args: {A: 1, B: "on", C: }
      additional_contexts: [lib=../lib]
      cache_to: ["type=local,dest=x,mode=max", user/app:cache]
  y:
    build:
      context: .
      args: [A=1, B]
      additional_contexts: {lib: ../lib}
"""
    one, other = shown({"compose.yaml": text})
    assert one.target == "dev"
    assert one.args == (("A", "1"), ("B", "on"), ("C", None))
    assert other.args == (("A", "1"), ("B", None))
    assert one.contexts == other.contexts == ("lib",)
    assert one.caches == (Cache("local", "max"), Cache("registry"))
    assert not one.hosted


def test_anchors_and_merges_are_followed():
    text = "x-b: &b {context: a}\nservices: {x: {build: *b}, y: {build: {<<: *b, target: t}}}"
    assert [(i.root, i.target) for i in shown({"compose.yaml": text})] == [("a", None), ("a", "t")]


def test_foreign_folders_are_not_looked_at():
    assert places({"node_modules/x/compose.yaml": "services: {x: {build: ../../a}}"}) == []

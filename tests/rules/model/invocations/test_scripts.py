import time

import pytest

from rules.model.invocations import Cache
from tests.rules.model.invocations.shown import places, shown

ROOT, A = ("Dockerfile", ""), ("a/Dockerfile", "a")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("docker build .", [ROOT]),
        ("docker build a", [A]),
        ("cd a && docker build .", [A]),
        ("(cd a; docker build .); docker build .", [A, ROOT]),
        ("pushd a\ndocker build .\npopd\ndocker build .", [A]),
        ("D=a\ndocker build $D", [A]),
        ("D=a; docker build -f $D/web.Dockerfile .", [("a/web.Dockerfile", "")]),
        ("export D=a\ndocker build \\\n  --pull \\\n  ${D}", [A]),
        ("D=${D:-a}\ndocker build $D", [A]),
        ("docker build ${D:-$1}", []),
        ("docker build $1", []),
        ("docker build -f $1 .", []),
        ("docker build -f a/Dockerfile $(mktemp -d)", [("a/Dockerfile", None)]),
        ("docker build -f - . <<E\nFROM a\nE", []),
        ("for d in a a/b; do docker build $d; done", [A, ("a/b/Dockerfile", "a/b")]),
        ("for d in $(ls); do docker build $d; done", []),
        ("if x; then docker build a; else docker build .; fi", [A, ROOT]),
        ("D=.; if x; then D=a; fi; docker build $D", []),
        ("if x; then D=a; docker build $D; fi", [A]),
        ("f() { docker build $1; }\nf a", [A]),
        ("f() { f $1; docker build $1; }\nf a", [A]),
        ("sudo env X=1 DOCKER_BUILDKIT=1 docker build a", [A]),
        ("bash -c 'cd a && docker build .'", [A]),
        ("cd $X && docker build .", []),
        ('cd "$(git rev-parse --show-toplevel)/a" && docker build .', [A]),
        ("docker build $(pwd)/a", [A]),
        ("docker build $PWD", [ROOT]),
        ("cd $GITHUB_WORKSPACE/a; docker build .", [A]),
        ("docker build https://github.com/a/b.git", []),
        ("docker build /tmp", []),
        ("docker build ..", [ROOT]),
        ("podman build c", [("c/Containerfile", "c")]),
        ("echo 'docker build .'", []),
        ("# docker build .", []),
        ("docker build 'a", []),
    ],
)
def test_a_script_is_read_as_far_as_its_words_are_plain(script, expected):
    assert places({"x/build.sh": script}) == expected


@pytest.mark.parametrize(
    "line",
    [
        'cd "$(dirname "$0")"',
        "cd $(dirname $0)",
        'cd "$(dirname "${BASH_SOURCE[0]}")"',
        'HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"; cd "$HERE"',
        'ROOT=$(cd "$(dirname "$0")/.." && pwd); cd $ROOT/a',
        'cd "$(dirname "$(readlink -f "$0")")/../a"',
    ],
)
def test_a_script_may_start_from_its_own_folder(line):
    assert places({"a/build.sh": f"{line}\ndocker build ."}) == [A]


def test_a_script_is_run_from_the_root_or_else_from_its_folder():
    text = "docker build -f web.Dockerfile ."
    assert places({"a/build.sh": text}) == [("a/web.Dockerfile", "a")]
    assert places({"a/build.sh": text}, "web.Dockerfile") == [("web.Dockerfile", "")]


def test_options_are_read():
    text = (
        "DOCKER_BUILDKIT=0 docker build --target t --build-arg A=1 --build-arg B "
        "--build-context lib=../lib --cache-to type=registry,ref=x,mode=max ."
    )
    (found,) = shown({"build.sh": text})
    assert (found.builder, found.target, found.contexts) == ("legacy", "t", ("lib",))
    assert found.args == (("A", "1"), ("B", None))
    assert found.caches == (Cache("registry", "max"),)


def test_buildkit_is_switched_off_for_the_rest_of_a_script():
    text = "docker build a\nexport DOCKER_BUILDKIT=0\ndocker build ."
    assert [found.builder for found in shown({"build.sh": text})] == ["buildkit", "legacy"]


@pytest.mark.parametrize(
    ("makefile", "expected"),
    [
        ("x:\n\t@docker build a", [A]),
        ("D ?= a # here\nx:\n\tcd $(D) && docker build .", [A]),
        ("x:\n\tdocker build \\\n\t  --pull a", [A]),
        ("x:\n\tcd a\n\tdocker build .", [ROOT]),
        ("x:\n\t-docker build $(UNKNOWN)", []),
        ("x:\n\tdocker build -t $(shell date) -f a/$@ .", []),
        ("x:\n\tfor d in a; do docker build $$d; done", [A]),
        ("docker build a", []),
    ],
)
def test_each_line_of_a_recipe_is_a_script(makefile, expected):
    assert places({"Makefile": makefile}) == expected


def test_a_makefile_runs_in_its_folder():
    assert places({"a/Makefile": "x:\n\tdocker build ."}) == [A]


def test_a_justfile_and_a_package_json_are_read():
    assert places({"justfile": "x:\n  docker build {{dir}}\n  docker build a"}) == [A]
    assert places({"a/package.json": '{"scripts": {"x": "docker build ."}}'}) == [A]


@pytest.mark.parametrize(
    "text",
    [
        "for a in 1 2 3 4 5 6 7 8 9; do " * 8 + "docker build .; " + "done; " * 8,
        "f() { " + "f; " * 200 + "docker build .; }\n" + "f\n" * 200,
        "docker build " + "$(" * 50_000,
        "docker build; " + "(" * 50_000,
        "docker" + " " * 100_000 + "build",
        "docker build " + "$(dirname " * 10_000,
    ],
    ids=range(6),
)
def test_a_hostile_script_is_read_soon(text):
    start = time.process_time()
    assert len(places({"build.sh": text})) <= 1
    assert time.process_time() - start < 0.8

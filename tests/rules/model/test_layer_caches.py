import pytest

from rules.model.layer_caches import cache_notes
from tests.rules.tools import build

WORKFLOW = """\
on: push
jobs:
  a:
    runs-on: {runner}
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: .
{cache}"""
AGAIN = """\
          cache-to: type=gha
      - uses: docker/build-push-action@v6
        with:
          context: .
          cache-to: type=gha,mode=max
"""
MAX = "`mode=max` keeps those"
TWO = "FROM debian:12 AS a\nRUN x\nFROM debian:12\nCOPY --from=a /x /x\n"
ONE = "FROM debian:12\nRUN x\n"


@pytest.mark.parametrize(
    ("text", "runner", "cache", "part"),
    [
        (ONE, "ubuntu-latest", "", "reuses no layers"),
        (ONE, "ubuntu-latest", "          cache-to: type=gha\n", None),
        (TWO, "ubuntu-latest", "          cache-to: type=gha\n", MAX),
        (TWO, "ubuntu-latest", "          cache-to: type=gha,mode=max\n", None),
        (TWO, "self-hosted", "", None),
        (ONE, "[self-hosted, ubuntu-22.04]", "", None),
        (ONE, "Ubuntu-Latest", "", "reuses no layers"),
        (ONE, "linux-large", "", None),
        (ONE, "{group: large}", "", None),
        (ONE, "{group: large, labels: ubuntu-24.04-16core}", "", "reuses no layers"),
        (ONE, "'${{ inputs.runner }}'", "", None),
        (ONE, "ubuntu-latest", "          cache-from: type=gha\n", None),
        (ONE, "ubuntu-latest", "          cache-to:\n", "reuses no layers"),
        (ONE, "ubuntu-latest", "          cache-to: type=gha,scope=${{ github.ref }}\n", None),
        (TWO, "ubuntu-latest", "          cache-to: type=gha,scope=${{ github.ref }}\n", MAX),
        (TWO, "ubuntu-latest", "          cache-to: type=gha,mode=${{ env.MODE }}\n", None),
        (TWO, "ubuntu-latest", "          cache-to: ${{ steps.a.outputs.cache }}\n", None),
        (
            TWO,
            "ubuntu-latest",
            "          cache-to: type=inline\n",
            "`type=registry,mode=max` keeps",
        ),
        (TWO, "ubuntu-latest", AGAIN, None),
        (TWO, "ubuntu-latest", "      - run: docker build --cache-from a .\n", None),
    ],
)
def test_a_workflow_that_forgets_layers_is_named_with_its_cache(text, runner, cache, part):
    workflow = WORKFLOW.replace("{runner}", runner).replace("{cache}", cache)
    notes = cache_notes(build({"Dockerfile": text, ".github/workflows/ci.yml": workflow}))
    if part is None:
        assert notes == ()
    else:
        (note,) = notes
        assert note.startswith("`.github/workflows/ci.yml` builds this file")
        assert part in note


BAKE = """\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/bake-action@v6
        with:
          source: .
          set: |
            {set}
"""


@pytest.mark.parametrize(
    ("line", "notes"),
    [
        ("*.platform=linux/amd64", 1),
        ("a.args.cache-to-x=y", 1),
        ("a.cache-to=type=gha", 0),
        ("*.cache-from=type=gha", 0),
    ],
)
def test_a_workflow_that_builds_what_a_bake_file_names_counts(line, notes):
    bake = 'target "a" {\n  context = "."\n}\n'
    files = {"docker-bake.hcl": bake, ".github/workflows/ci.yml": BAKE.format(set=line)}
    made = build({"Dockerfile": ONE, **files})
    assert len(cache_notes(made)) == notes
    assert not made.builder.keeps_disk


def test_a_bake_file_or_a_compose_file_may_name_what_is_reused():
    bake = 'target "a" {\n  context = "."\n  cache-from = ["type=gha"]\n}\n'
    workflow = BAKE.format(set="*.platform=linux/amd64")
    files = {"Dockerfile": ONE, ".github/workflows/ci.yml": workflow}
    assert cache_notes(build({**files, "docker-bake.hcl": bake})) == ()
    compose = "services: {a: {build: {context: ., cache_from: [a]}}}\n"
    assert cache_notes(build({**files, "compose.yaml": compose})) == ()


def test_a_composite_action_counts_as_its_workflow():
    action = "runs:\n  steps:\n    - uses: docker/build-push-action@v6\n      with: {context: .}\n"
    workflow = "jobs: {a: {runs-on: ubuntu-latest, steps: [{uses: ./ci/build}]}}"
    files = {"ci/build/action.yml": action, ".github/workflows/ci.yml": workflow}
    (note,) = cache_notes(build({"Dockerfile": ONE, **files}))
    assert note.startswith("`.github/workflows/ci.yml` builds this file")


def test_a_file_that_no_workflow_builds_has_no_notes():
    assert cache_notes(build({"Dockerfile": ONE})) == ()

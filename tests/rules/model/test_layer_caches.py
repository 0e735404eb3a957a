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
TWO = "FROM debian:12 AS a\nRUN x\nFROM debian:12\nCOPY --from=a /x /x\n"
ONE = "FROM debian:12\nRUN x\n"


@pytest.mark.parametrize(
    ("text", "runner", "cache", "part"),
    [
        (ONE, "ubuntu-latest", "", "reuses no layers"),
        (ONE, "ubuntu-latest", "          cache-to: type=gha\n", None),
        (TWO, "ubuntu-latest", "          cache-to: type=gha\n", "`mode=max` keeps those"),
        (TWO, "ubuntu-latest", "          cache-to: type=gha,mode=max\n", None),
        (TWO, "self-hosted", "", None),
    ],
)
def test_a_workflow_that_forgets_layers_is_named_with_its_cache(text, runner, cache, part):
    workflow = WORKFLOW.format(runner=runner, cache=cache)
    notes = cache_notes(build({"Dockerfile": text, ".github/workflows/ci.yml": workflow}))
    if part is None:
        assert notes == ()
    else:
        (note,) = notes
        assert note.startswith("`.github/workflows/ci.yml` builds this file")
        assert part in note


def test_a_file_that_no_workflow_builds_has_no_notes():
    assert cache_notes(build({"Dockerfile": ONE})) == ()

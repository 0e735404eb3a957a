"""The faithful tools notice every bad fix that is known, and let the good ones pass."""

import pytest

from tests.engine.build import Case, build, compare
from tests.engine.traps import TRAPS

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_a_bad_fix_fails_or_changes_the_tree_and_a_good_one_does_not(engine, trap):
    def made(text, more):
        # beside the context, so that no COPY takes the Dockerfile and its ignore file along
        ignore = {f"../Dockerfile{path}": content for path, content in more.items()}
        case = Case(
            {**trap.files, **ignore}, dockerfile="../Dockerfile", text=text, shims="faithful"
        )
        return build(engine, case, export=True)

    def differences(result):
        return compare(naive.tree, result.tree, trap.ignoring)

    naive = made(trap.naive, {})
    assert naive.error is None, naive.error + naive.log
    assert "[faithful]" not in naive.log, naive.log
    bad = made(trap.bad, trap.bad_files)
    if trap.says is None:
        assert bad.error is None, bad.error + bad.log
        assert differences(bad)
    else:
        assert bad.error is not None, bad.log
        assert trap.says in bad.log + bad.error
    if trap.good is not None:
        good = made(trap.good, trap.good_files)
        assert good.error is None, good.error + good.log
        assert "[faithful]" not in good.log, good.log
        assert differences(good) == []

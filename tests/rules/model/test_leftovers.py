"""What may arise in a developer's folder: looked for in all paths at once, as BuildKit would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model.ignore import IgnoreFile
from rules.model.leftovers import LEFTOVERS, in_a_row

NAMES = ["__pycache__", "m.pyc", "m.pyx", ".venv", "venv", ".env", ".env.local", ".envrc", "key.pem",
         "pem", ".pem", "a.key", "target", "targets", "build.gradle", "x.csproj", "a.py", "a b.pem",
         "package.json", "my-package.json", ".DS_Store", "bin", "*.pem", "node_modules"]  # fmt: skip
PATHS = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join))


@given(PATHS)
def test_a_pattern_matches_in_a_row_what_it_matches_in_an_ignore_file(paths):
    for leftover in LEFTOVERS:
        matcher = IgnoreFile.parse(leftover.pattern, "")
        assert leftover.keeps_back(in_a_row(paths)) == any(map(matcher.excludes, paths))


@given(PATHS)
def test_it_arises_among_paths_where_it_arises_beside_one(paths):
    for leftover in LEFTOVERS:
        assert leftover.arises_among(in_a_row(paths)) == any(map(leftover.arises_beside, paths))


@pytest.mark.parametrize("leftover", LEFTOVERS, ids=lambda each: f"{each.pattern}, {each.beside}")
def test_its_sample_is_what_its_pattern_keeps_back(leftover):
    assert leftover.keeps_back(in_a_row([leftover.sample]))

"""The parts of the order and safety benches that need no engine."""

import pytest

import rules
from rules.model.repository import Repository
from tests.bench.builds import Row, downloading, target, telling_edit
from tests.bench.safety import hunks, suggested
from tests.engine.build import Result

FILES = {
    "package.json": '{"name": "app", "dependencies": {"x": "1"}}',
    "package-lock.json": "{}",
    "README.md": "",
    "app.js": "",
    ".dockerignore": "node_modules\n.git\n",
}
NAIVE = "FROM node:22 AS app\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"


def inspected(dockerfile):
    files = {**FILES, "Dockerfile": dockerfile}
    report = rules.inspect(Repository(frozenset(files), texts=files), "Dockerfile")
    assert report.build is not None
    return report.build, [f for f in report.findings if f.rule == "copy-source-before-install"]


@pytest.mark.parametrize(
    ("more", "stage"),
    [
        ("", None),
        ("FROM nginx AS web\nCOPY --from=app /app /srv\n", None),
        ("FROM app AS test\nRUN npm test\n", None),
        ("FROM mysql:8 AS database\nEXPOSE 3306\n", "app"),
    ],
)
def test_the_stage_that_is_changed_is_built_where_the_last_one_needs_none(more, stage):
    assert target(*inspected(NAIVE + more)) == stage


def test_the_edit_that_is_tried_is_one_to_the_source():
    before, found = inspected(NAIVE)
    after, _ = rules.combine(before, found)
    path, (much, little) = telling_edit(before, after)
    assert path == "app.js"
    assert little < much


def test_tools_that_download_are_named_once():
    log = "[downloads] npm\nadded\n[downloads] composer\n[downloads] npm\n"
    assert downloading(Result((), 0, log)) == {"composer", "npm"}


@pytest.mark.parametrize(
    ("steps", "downloads", "work", "holds"),
    [
        ((2, 1), ([], []), (2, 1), True),
        ((1, 1), (["npm"], []), (2, 2), True),
        ((1, 1), ([], []), (2, 1), True),
        ((1, 1), (["npm"], ["npm"]), (2, 2), False),
        ((1, 1), (["composer"], ["npm"]), (2, 2), False),
        ((0, 0), ([], []), (2, 1), False),
    ],
)
def test_a_fix_holds_when_the_edit_costs_less(steps, downloads, work, holds):
    before, after = map(frozenset, downloads)
    assert Row("", "", "", "", steps, work, (before, after)).holds is holds


def test_a_fix_that_does_not_build_or_leaves_another_tree_does_not_hold():
    assert not Row("", "", "", "", (2, 1), (2, 1), error="no").holds
    assert not Row("", "", "", "", (2, 1), (2, 1), differences=("lost a",)).holds


def test_what_our_fixes_change_is_counted_in_groups_of_lines():
    before, found = inspected(NAIVE)
    change, dropped = suggested(before, found)
    assert [step["path"] for step in change] == ["Dockerfile"]
    assert hunks(before, change) == 2
    assert dropped == frozenset()


def test_what_an_ignore_file_is_to_leave_out_is_named_with_its_folders():
    files = {path: text for path, text in FILES.items() if path != ".dockerignore"}
    files |= {"Dockerfile": NAIVE, "docs/guide.md": ""}
    report = rules.inspect(Repository(frozenset(files), texts=files), "Dockerfile")
    assert report.build is not None
    change, dropped = suggested(report.build, report.findings)
    assert ".dockerignore" in [step["path"] for step in change]
    assert {"docs", "docs/guide.md"} <= dropped
    assert dropped.isdisjoint({"app.js", "package.json"})

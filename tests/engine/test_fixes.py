"""Whole fixes of the order rules, one for each ecosystem: what is suggested, and what builds make of it."""

import pytest

import rules
from rules.model.cache import Build
from rules.model.repository import Repository
from tests.engine.build import Case, build, compare
from tests.engine.projects import IGNORED, PROJECTS, Project

ORDER = {rule.name for rule in rules.RULES if rule.strategy == "order"}


def suggested(project: Project) -> Build:
    """The build with every order suggestion made, and nothing else changed."""
    texts = {
        path: spec if isinstance(spec, str) else spec["content"]
        for path, spec in project.files.items()
    } | {".dockerignore": IGNORED, "Dockerfile": project.before}
    report = rules.inspect(Repository(frozenset(texts), texts=texts), "Dockerfile")
    assert report.build is not None
    found = [f for f in report.findings if f.rule in ORDER and f.fix is not None]
    after, done = rules.combine(report.build, found)
    assert done == found
    assert after.repository.texts[".dockerignore"] == IGNORED
    return after


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_the_order_that_is_suggested(project):
    assert suggested(project).dockerfile.text == project.after


@pytest.mark.engine
@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_what_is_suggested_leaves_the_same_tree_and_an_edit_downloads_less_again(engine, project):
    def made(text, change=(), *, export=False):
        files = {**project.files, ".dockerignore": IGNORED}
        result = build(engine, Case(files, text=text, shims="faithful"), change, export=export)
        assert result.error is None, result.error + result.log
        assert "[faithful]" not in result.log, result.log
        return result

    edit = {"op": "modify", "path": project.edited, "append": "\n"}
    engine.forget()
    before = made(project.before, export=True)
    after = made(project.after, export=True)
    assert compare(before.tree, after.tree) == []
    assert made(project.before, edit).log.count("[downloads]") > project.left
    assert made(project.after, edit).log.count("[downloads]") == project.left

import ast
from pathlib import Path

import pytest

import rules

ROOT = Path(__file__).parent.parent
RULE_FILES = sorted(
    path for path in (ROOT / "rules").glob("*.py") if "rule = Rule(" in path.read_text()
)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", sorted((ROOT / "rules").rglob("*.py")), ids=str)
def test_rules_know_nothing_of_the_edge(path):
    outside = {"bot", "aiohttp", "gidgethub", "sentry_sdk", "dbos", "click", "subprocess", "socket"}
    assert not {name.split(".")[0] for name in imported(path)} & outside


def test_dockerfile_parse_is_imported_in_one_place():
    users = {p.name for p in ROOT.glob("rules/**/*.py") if "dockerfile_parse" in set(imported(p))}
    assert users == {"dockerfile.py"}


def test_dbos_is_imported_in_one_place():
    users = {
        path.relative_to(ROOT / "bot").as_posix()
        for path in (ROOT / "bot").rglob("*.py")
        if {name.split(".")[0] for name in imported(path)} & {"dbos"}
    }
    assert users == {"queue/__init__.py"}


def test_every_rule_file_is_in_the_table_of_contents():
    assert RULE_FILES
    assert {path.stem.replace("_", "-") for path in RULE_FILES} == {r.name for r in rules.RULES}


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_every_rule_has_a_test_file(rule):
    assert (ROOT / "tests" / "rules" / f"test_{rule.name.replace('-', '_')}.py").is_file()


def test_the_top_level_holds_what_was_agreed():
    allowed = {
        "bot",
        "rules",
        "tests",
        "deploy",
        "Procfile",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    }
    made = {"build", "dist"}
    there = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".")
        and path.suffix != ".egg-info"
        and not (path / "pyvenv.cfg").exists()  # somebody's environment, whatever it is called
    }
    assert there - made - {"layerwise.sqlite"} <= allowed

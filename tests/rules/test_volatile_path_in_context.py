import pytest

import rules
from rules.model.finding import Evidence
from rules.model.history import History
from rules.model.repository import Repository
from rules.volatile_path_in_context import rule

DOCKERFILE = "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN echo built\n"
FILES = {
    "Dockerfile": DOCKERFILE,
    ".dockerignore": ".git\n",
    "docs/a.md": "",
    ".github/x": "",
    "main.py": "",
}


def found(files, changes, path="Dockerfile"):
    history = History(tuple(frozenset(change.split()) for change in changes))
    repository = Repository(frozenset(files), dict(files), history=history)
    report = rules.inspect(repository, path)
    return report.build, [f for f in report.findings if f.rule == rule.name]


def test_the_example_of_the_documentation():
    e = rule.example
    build, (said,) = found(e.files | {e.path: e.before}, e.history)
    after, _ = rules.combine(build, [said])
    assert after.repository.read(e.path) == e.after


def test_the_count_is_told_and_is_that_of_the_evidence():
    changes = ["docs/a.md"] * 6 + [".github/x docs/b.md"] + ["main.py"] * 10 + ["docs/a.md main.py"]
    _, (said,) = found(FILES, changes)
    assert "7 of the last 18 commits changed only `docs` and `.github`" in said.message
    assert "re-ran `COPY . .` and the step after it" in said.message
    assert said.evidence == Evidence(18, 11)
    assert said.fix.edits[0].text == "docs\n.github\n"


def test_what_the_ignore_file_keeps_back_may_have_changed_along():
    files = FILES | {".dockerignore": ".git\nLICENSE\n"}
    _, (said,) = found(files, ["docs/a.md"] * 6 + ["docs/a.md LICENSE"] + ["main.py"] * 10)
    assert said.message.startswith("Of what is sent, 7 of the last 17 commits changed only `docs`")


@pytest.mark.parametrize(
    "files",
    [
        {".dockerignore": ".git\ndocs\n"},
        {".dockerignore": "x\n"},
        {".dockerignore": ".git\n[\n"},
        {"Dockerfile": "FROM python:3\nCOPY main.py /\n"},
        {"Dockerfile": DOCKERFILE + "RUN ls docs\n"},
        {"main.py": 'open("docs/a.md")\n'},
        {"Makefile": "html:\n\tsphinx docs\n"},
        {"other.Dockerfile": "FROM a\nCOPY docs /\n"},
    ],
)
def test_silent_where_it_is_read_or_not_sent(files):
    assert found(FILES | files, ["docs/a.md"] * 10)[1] == []


def test_silent_where_it_was_rare_or_nothing_is_known():
    assert found(FILES, ["docs/a.md"] * 4)[1] == []
    assert found(FILES, ["docs/a.md main.py"] * 50)[1] == []
    assert found(FILES, ["Dockerfile"] * 50)[1] == []
    repository = Repository(frozenset(FILES), dict(FILES), history=History())
    assert rule.name not in {f.rule for f in rules.inspect(repository, "Dockerfile").findings}


def test_tests_that_no_run_runs():
    files = FILES | {"tests/test_a.py": ""}
    _, (said,) = found(files, ["tests/test_a.py"] * 10)
    assert "`tests`" in said.message
    run = files | {"Dockerfile": DOCKERFILE + "RUN python -m pytest\n"}
    assert found(run, ["tests/test_a.py"] * 10)[1] == []


def test_a_history_known_by_path_tells_as_much_of_a_small_tree():
    asked = History()
    repository = Repository(frozenset(FILES), dict(FILES), history=asked)
    rules.inspect(repository, "Dockerfile")
    assert {"docs", ".github", "main.py"} <= asked.missing.keys()
    by_path = dict.fromkeys(asked.missing, frozenset())
    by_path |= {
        "docs": frozenset("1234567"),
        "main.py": frozenset("789"),
        "": frozenset("123456789"),
    }
    repository = Repository(frozenset(FILES), dict(FILES), history=History(by_path=by_path))
    (said,) = [f for f in rules.inspect(repository, "Dockerfile").findings if f.rule == rule.name]
    assert "6 of the last 9 commits changed only `docs`" in said.message


def test_silent_until_all_that_was_asked_for_is_known():
    def is_told(history):
        repository = Repository(frozenset(FILES), dict(FILES), history=history)
        return rule.name in {f.rule for f in rules.inspect(repository, "Dockerfile").findings}

    asked = History()
    assert not is_told(asked)
    known = dict.fromkeys(asked.missing, frozenset[str]())
    known |= {"docs": frozenset("123456789"), "": frozenset("123456789")}
    assert is_told(History(by_path=known))
    for path in known:
        assert not is_told(History(by_path={p: c for p, c in known.items() if p != path}))


def test_of_a_tree_without_anything_unread_nothing_is_asked():
    files = {"Dockerfile": DOCKERFILE, ".dockerignore": ".git\n", "main.py": ""}
    asked = History()
    rules.inspect(Repository(frozenset(files), dict(files), history=asked), "Dockerfile")
    assert asked.missing == {}


def test_a_large_tree_is_not_asked_for():
    files = FILES | {f"m{n}.py": "" for n in range(10)}
    asked = History()
    rules.inspect(Repository(frozenset(files), dict(files), history=asked), "Dockerfile")
    assert asked.missing == {}

"""What is worked out again when more is known of a change, and what is not."""

import pytest

import rules
from bot import inspection
from bot.analysis import analyse, analyse_all, look, prove
from bot.config import Config
from bot.diff import Hunk, read_patch
from bot.snapshot import FileChange, Snapshot
from rules.model.history import History
from rules.model.repository import Repository

TEXT = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
FILES = {"Dockerfile": TEXT, "requirements.txt": "flask\n", "docs/a.md": "", "shop/main.py": ""}


def hunks() -> tuple[Hunk, ...]:
    """The last line of the Dockerfile is changed."""
    old = "-RUN pip install -r requirements.txt flask"
    lines = TEXT.splitlines()
    return read_patch("\n".join(["@@ -4,1 +4,1 @@", old, f"+{lines[3]}"]))


@pytest.fixture
def snapshot() -> Snapshot:
    head = Repository(frozenset(FILES), FILES, complete=True, history=History())
    return Snapshot.at(head, [FileChange("Dockerfile", "modified", hunks())])


@pytest.fixture
def proofs(monkeypatch) -> list[str]:
    """The rules whose findings were proven, one for each time."""
    seen = []

    def flaw(build, finding, rule, look):
        seen.append(rule.name)
        return rules.proof.flaw(build, finding, rule, look)

    monkeypatch.setattr(rules, "flaw", flaw)
    return seen


def test_a_history_that_comes_later_changes_the_counts_and_proves_nothing_again(snapshot, proofs):
    looked = look(snapshot, Config())
    first = prove(looked, Config())
    assert any(f.fix for f in first.new)
    proven = sorted(proofs)
    asked = snapshot.head.history.missing
    history = History(by_path={path: frozenset(map(str, range(len(path) + 1))) for path in asked})
    proofs.clear()
    second = prove(looked.with_history(history), Config())
    assert proofs == []
    assert any(f.evidence for f in second.new)
    alone = analyse(snapshot.with_history(history), Config())
    assert sorted(proofs) == proven
    assert (second.new, second.old, second.silences) == (alone.new, alone.old, alone.silences)


def test_what_only_the_history_lets_be_found_is_proven_with_the_rest(proofs):
    rule = rules.BY_NAME["volatile-path-in-context"]
    files = {**rule.example.files, rule.example.path: rule.example.before}
    tree = Repository(frozenset(files), files, history=History())
    looked = look(Snapshot.at(tree, [FileChange("Dockerfile", "added", ())]), Config())
    prove(looked, Config())
    proofs.clear()
    commits = tuple(frozenset([path]) for path in rule.example.history)
    later = prove(looked.with_history(History(commits)), Config())
    assert rule.name in {f.rule for f in later.new}
    assert proofs


def test_a_look_proves_nothing(snapshot, proofs):
    look(snapshot, Config())
    assert proofs == []


def test_nothing_is_proven_while_texts_are_missing(snapshot, proofs):
    analyse(snapshot, Config())
    proven = sorted(proofs)
    proofs.clear()
    bare = Repository(snapshot.head.paths, history=History())
    proven_before = []

    def read(paths):
        proven_before.append(list(proofs))
        return {path: FILES[path] for path in paths}

    analyse_all(Snapshot.at(bare, snapshot.changes.values()), Config(), read)
    assert proven_before == [[], []]  # the Dockerfile is read, then what it names
    assert sorted(proofs) == proven


def test_what_was_found_before_the_change_is_told_without_a_proof(snapshot, proofs):
    found = inspection.look(snapshot.base, "Dockerfile", Config()).findings
    assert proofs == []
    proven = inspection.inspect(snapshot.base, "Dockerfile", Config()).findings
    assert proofs
    assert [f.fingerprint for f in found] == [f.fingerprint for f in proven]

import json
import random
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.model.goregexp import TooLargeError
from rules.model.ignore import MAX_PATTERNS, IgnoreFile

# What Docker 28.5.2 dropped of trees, `/` behind folders; rows from 1001 on were chosen for the
# places where patternmatcher, filepath.Match and fsutil are not what one would think.
TABLE = json.loads((Path(__file__).parent / "data/dockerignore_cases.json").read_text())
PLAIN = [case for case in TABLE["cases"] if not case.get("others")]


def folders_of(tree):
    return {p[: at + 1] for p in tree for at, c in enumerate(p) if c == "/"}


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["id"])
def test_the_engine_drops_the_same(case):
    tree = TABLE["trees"][case["tree"]]
    ignore = IgnoreFile.parse(case["ignore"] or "", ".dockerignore")
    files = [p for p in tree if not p.endswith("/")]
    own = [case.get("dockerfile", "Dockerfile"), *[".dockerignore"] * (case["ignore"] is not None)]
    failure = ignore.failure([*files, *own])
    assert (failure is not None) == ("error" in case)
    if failure is None:
        kept = ignore.kept([*files, *own])
        dropped = [path for path in [*files, *own] if path not in kept]
        if case["id"] <= 1000:  # of the others the folders were not looked at
            dropped += [
                folder
                for folder in folders_of(tree)
                if ignore.excludes(folder[:-1]) and not any(k.startswith(folder) for k in kept)
            ]
        assert sorted(dropped) == sorted(case["dropped"])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a\n!\n", 2, "before no pattern"),
        ("a\n\n# b\n[-a]", 4, "syntax error"),
        ("[z-a]", 1, "syntax error"),
        ("!a\n\\k", 2, "syntax error"),
        ("a\tb", 1, "control character"),
        ("[`a", 1, "``[`a`` is"),
    ],
)
def test_an_error_names_its_line(text, line, words):
    error = IgnoreFile.parse(text, ".dockerignore").error
    assert error is not None
    assert error.line == line
    assert words in error.message


def test_a_faulty_pattern_that_no_path_reaches_fails_no_build():
    ignore = IgnoreFile.parse("*\n!a\n[z-a]", ".dockerignore")
    assert ignore.error is None
    assert ignore.failure(["b", "c/d"]) is None
    failure = ignore.failure(["b", "a"])
    assert failure is not None
    assert failure.line == 3


def test_patterns_keep_their_line_and_what_was_written():
    ignore = IgnoreFile.parse("# no\r\n /foo/ \r\n! ./bar//x\r\n", "a/.dockerignore")
    assert [(p.line, p.raw, p.text, p.negated) for p in ignore.patterns] == [
        (2, " /foo/ ", "foo", False),
        (3, "! ./bar//x", "bar/x", True),
    ]


def test_the_pattern_that_had_the_last_word_is_named():
    ignore = IgnoreFile.parse("docs\n**/*.md\n!docs/README.md\nb", ".dockerignore")
    assert {
        path: found and found.line
        for path in ["docs", "docs/a.txt", "docs/a.md", "docs/README.md", "x/y.md", "src/a"]
        for found in [ignore.decides(path)]
    } == {
        "docs": 1,
        "docs/a.txt": 1,
        "docs/a.md": 1,
        "docs/README.md": 3,
        "x/y.md": 2,
        "src/a": None,
    }
    assert ignore.excludes("docs/a.md")
    assert not ignore.excludes("docs/README.md")


def test_paths_are_decided_alike_in_any_order():
    text = "**/a\n!b/a/c\n*/d/**\n!x"
    paths = ["x", "a", "b/a/c", "b/a/d/e", "c/d", "c/d/e/f", "a/x"]
    ignore = IgnoreFile.parse(text, ".dockerignore")
    one_by_one = [p for p in paths if not IgnoreFile.parse(text, "").excludes(p)]
    assert ignore.kept(reversed(paths)) == sorted(one_by_one)
    assert [p for p in paths if not ignore.excludes(p)] == one_by_one


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "\n".join(map(str, range(MAX_PATTERNS + 1))), "*a{1000}\n" * 500, "\\pL*"],
)
def test_what_is_beyond_us_is_called_too_large(text):
    ignore = IgnoreFile.parse(text, ".dockerignore")
    assert ignore.too_large
    assert not ignore.excludes("a")


PATTERNS = """.git **/node_modules **/*.pyc **/__pycache__ *.md docs !docs/x.md **/dist **/build
**/.DS_Store .env* **/*.test.js coverage **/coverage .github .vscode **/.idea **/*.log tmp
Dockerfile* .dockerignore **/test? src/*/test1 !**/keep.md **/target *.swp **/*~ **/.mypy_cache
**/.pytest_cache a/**/b""".split()


def test_thirty_patterns_decide_fifty_thousand_paths_in_a_second():
    assert len(PATTERNS) == 30
    paths = [f"src{i % 7}/lib{i % 91}/test{i % 13}/file{i}.py" for i in range(50_000)]
    start = time.process_time()
    assert len(IgnoreFile.parse("\n".join(PATTERNS), ".dockerignore").kept(paths)) == 11_538
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "text",
    ["*a" * 25 + "b", "[a-z]*" * 20 + "b", "**/" * 30 + "x", "*a{1000}", "?" * 4000 + "*"],
)
def test_a_hostile_pattern_takes_linear_time(text):
    paths = [f"{'a' * 200}/{'ab' * i}" for i in range(1, 200)]
    start = time.process_time()
    IgnoreFile.parse(text, ".dockerignore").kept(paths)
    assert time.process_time() - start < 0.5


def test_many_hostile_patterns_end_in_too_large():
    letters = random.Random(1)  # the same letters each time
    text = "\n".join("*".join(letters.choices("abcdefgh", k=60)) for _ in range(500))
    paths = ["".join(letters.choices("abcdefgh", k=40)) for _ in range(3_000)]
    start = time.process_time()
    with pytest.raises(TooLargeError):
        IgnoreFile.parse(text, ".dockerignore").kept(paths)
    assert time.process_time() - start < 3


# An independent port of moby's matcher is the judge of patterns; it does not know fsutil's skipped
# folders, nor that patternmatcher leaves `{`, `|` and `}` unescaped, nor Go's own \-escapes.
NAMES = ["a", "b", "ab", "x.py", ".git", "foo", "a b", "[a]", "é"]
ATOMS = [*NAMES, "*", "**", "/", "/", "/", "?", "[a-c]", "[^a]", "[!a]", ".", "..", "\\*", "!", " "]
LINES = st.builds(
    lambda negated, atoms: "!" * negated + "".join(atoms),
    st.booleans(),
    st.lists(st.sampled_from(ATOMS), min_size=1, max_size=6),
)
PATHS = st.lists(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join), min_size=1, max_size=12
)


@settings(max_examples=150, derandomize=True)
@given(st.lists(LINES, min_size=1, max_size=6), PATHS)
def test_a_port_of_the_go_matcher_agrees(lines, paths):
    dockerignore = pytest.importorskip("e2b_dockerfile_utils.dockerignore")
    ignore = IgnoreFile.parse("\n".join(lines), ".dockerignore")
    assume(ignore.error is None)
    cleaned = ["!" * p.negated + p.text for p in ignore.patterns]
    assume(not any(c.removeprefix("!").startswith(("!", "#")) for c in cleaned))
    judge = dockerignore.PatternMatcher(cleaned)
    for path in paths:
        parents = [path[:at] for at, c in enumerate(path) if c == "/"]
        if not any(ignore.closes(parent) for parent in parents):
            assert ignore.excludes(path) == judge.matches(path)


@settings(max_examples=12, derandomize=True)
@given(st.lists(LINES, min_size=1, max_size=5))
def test_docker_devtools_sends_the_same_files(tmp_path_factory, lines):
    find = pytest.importorskip("docker_devtools._find")
    ignore = IgnoreFile.parse("\n".join(lines), ".dockerignore")
    # It walks into folders that fsutil skips, and tries each pattern alone.
    assume(ignore.error is None and not any(p.negated and "*" in p.text for p in ignore.patterns))
    root = tmp_path_factory.mktemp("context")
    for folder in ("", "a/b/", "foo/a/", "ab/.git/", "x.py/", "a b/"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in ("é", "[a]", "b.py", "*"):
            (root / folder / name).write_text("")
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (root / ".dockerignore").write_text("\n".join(lines))
    files = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    command = [str(find.find_binary()), "build-context", "ls", "--whole-context", "-0", str(root)]
    done = subprocess.run(command, capture_output=True, check=False)
    assume(done.returncode == 0 or "!" not in done.stderr.decode())
    assert done.returncode == 0, done.stderr.decode()
    assert files.intersection(done.stdout.decode().split("\0")) == set(ignore.kept(files))

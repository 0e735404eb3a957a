import time

import pytest

from rules.model.sources import Files, Match, clean, fixed_part, match_name, takes

FILES = Files(
    ["app.py", "docs/x.md", "package-lock.json", "package.json", "src/a.py", "src/sub/c.py"],
    {"link": "src/sub", "docs/up": "../link/c.py", "round": "round"}.get,
)


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [("./app.py", "app.py"), (".", "."), ("./", "."), ("/", "."), ("", "."), ("a//b/", "a/b"),
     ("../a", "a"), ("a/../b", "b"), ("/etc", "etc")],
)  # fmt: skip
def test_a_source_is_cleaned_as_the_cache_key_has_it(source, cleaned):
    assert clean(source) == cleaned


# Written by hand after the documentation of Go's path.Match.
@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "x", True), ("*.py", "a.py", True), ("*.py", ".py", True), ("*.py", "a.pyc", False),
        ("a?c", "abc", True), ("a?c", "ac", False), ("[ab]c", "bc", True), ("[^ab]c", "bc", False),
        ("[^ab]c", "cc", True), ("[a-c]", "b", True), ("[a-c]", "d", False), ("a\\*", "a*", True),
        ("a\\*", "ab", False), ("[\\a-\\c]", "b", True), ("[a-", "a", False), ("[a-]]", "a", False), ("[", "[", False), ("[]a]", "]", False), ("[-]", "-", False),
        ("[a-]", "-", False), ("[\\-]", "-", True), ("a*b*c", "aXbYc", True), ("a*b*c", "ab", False),
        ("**", "abc", True), ("é?", "éà", True), ("a\\", "a\\", False), ("[!a]", "a", True),
    ],
)  # fmt: skip
def test_a_pattern_matches_one_component_as_path_match_does(pattern, name, matches):
    assert match_name(pattern, name) is matches


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("src", [Match("src", True)]),
        ("app.py", [Match("app.py", False)]),
        ("nothing", []),
        (".", [Match(".", True)]),
        ("package*.json", [Match("package-lock.json", False), Match("package.json", False)]),
        ("src/*", [Match("src/a.py", False), Match("src/sub", True)]),
        ("*/sub", [Match("src/sub", True)]),
        ("*", [Match("app.py", False), Match("docs", True), Match("package-lock.json", False),
               Match("package.json", False), Match("src", True)]),
    ],
)  # fmt: skip
def test_a_source_names_files_and_folders(source, found):
    assert list(FILES.match(source)) == found


@pytest.mark.parametrize("source", [".", "src", "s*", "src/*.py", "*/*.md", "app.py", "sr"])
def test_takes_says_the_same_of_a_path_as_the_lookup(source):
    found = set()
    for match in FILES.match(source):
        found.update(FILES.under(match.path) if match.folder else [match.path])
    assert {path for path in FILES.paths if takes(source, path)} == found


def test_a_link_is_followed_to_where_it_ends():
    assert FILES.follow("link/c.py") == "src/sub/c.py"
    assert FILES.follow("docs/up") == "src/sub/c.py"
    assert FILES.follow("app.py") is None
    assert FILES.follow("round") is None


def test_a_hostile_pattern_takes_linear_time():
    start = time.process_time()
    assert not match_name("*a" * 2000 + "b", "a" * 250)
    assert time.process_time() - start < 0.5


def test_patterns_beyond_the_bound_are_taken_for_their_folder(monkeypatch):
    monkeypatch.setattr("rules.model.sources.MAX_WORK", 3)
    files = Files(["a/b", "a/c", "a/d", "a/e"])
    assert files.match("a/*") == (Match("a", True),)


def test_a_pattern_lies_in_the_folder_of_its_first_parts():
    assert fixed_part("a/b/*.jar") == "/a/b"
    assert fixed_part("a/b") == "/a/b"
    assert fixed_part("*") == fixed_part(".") == "/"
    assert fixed_part("a\\*/b") == "/a\\*/b"

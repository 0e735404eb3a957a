import time

import pytest

from rules.model.installs import reading
from rules.model.installs.install import Call
from rules.model.installs.lines import literals, refuse_words, without_comments
from rules.model.installs.reading import NeedsSourceError
from tests.rules.model.installs.image import Memory


@pytest.mark.parametrize(
    ("pattern", "folder", "taken"),
    [
        ("packages/*", "packages/a", True), ("packages/*", "packages/a/b", False), ("packages/**", "packages/a/b", True),
        ("./packages/a/", "packages/a", True), ("**", "x/y", True), ("*", "a", True), ("*", "a/b", False),
        ("a?", "ab", True), ("packages/**/b", "packages/b", True), ("packages/**/b", "packages/x/y/b", True),
        ("packages", "packages", True), (".", "a", False),
    ],
)  # fmt: skip
def test_patterns_choose_folders(pattern, folder, taken):
    image = Memory({f"/app/{folder}/m.json": "", f"/app/{folder}/node_modules/x/m.json": ""})
    assert reading.chosen(image, "/app", "m.json", [pattern]) == (
        [f"/app/{folder}"] if taken else []
    )


def test_a_later_pattern_takes_away_or_brings_back():
    image = Memory({f"/p/{name}/m": "" for name in "abc"})
    assert reading.chosen(image, "/", "m", ["p/*", "!p/b"]) == ["/p/a", "/p/c"]
    assert reading.chosen(image, "/", "m", ["p/*", "!p/*", "p/c"]) == ["/p/c"]


@pytest.mark.parametrize("pattern", ["{a,b}", "/abs", "a\\b", "(x)", "x" * 300])
def test_patterns_that_are_not_followed_are_refused(pattern):
    with pytest.raises(NeedsSourceError):
        reading.chosen(Memory({}), "/", "m", [pattern])


def test_folders_are_walked_upward():
    assert list(reading.upward("/a/b")) == ["/a/b", "/a", "/"]
    image = Memory({"/a/x": "", "/x": ""})
    assert reading.above(image, "/a/b", "x") == ["/a/x", "/x"]
    assert reading.nearest(image, "/a/b", "x") == "/a"
    assert reading.nearest(image, "/a/b", "y") is None


@pytest.mark.parametrize(
    ("load", "text"),
    [
        (reading.json_table, "[" * 50_000), (reading.json_table, "{"), (reading.json_table, "1" * 5000),
        (reading.toml_table, "a" + ".a" * 30_000 + "=1"), (reading.toml_table, "x=" + "[" * 30_000),
        (reading.toml_table, "x={" + "a={" * 20_000), (reading.yaml_table, "[" * 50_000),
        (reading.yaml_table, "a: &x [1]\nb: [*x, *x]"), (reading.yaml_table, "a: !!python/object:x {}"),
        (reading.yaml_table, "a: 1\n" * 20_000), (reading.yaml_table, "- 1"), (reading.json_table, "[]"),
        (reading.xml_root, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), (reading.xml_root, "<a>"),
        (reading.xml_root, "<a>" * 30_000), (reading.json_table, "x" * 200_000),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_quickly(load, text):
    started = time.process_time()
    with pytest.raises(NeedsSourceError):
        load(Memory({"/m": text}), "/m")
    assert time.process_time() - started < 1.5


def test_manifests_are_read_without_marks_and_namespaces():
    image = Memory(
        {"/j": '\ufeff{"a": 1}', "/t": 'a = "1"\r\n', "/y": "", "/x": '<a xmlns="u"><b/></a>'}
    )
    assert reading.json_table(image, "/j") == {"a": 1}
    assert reading.toml_table(image, "/t") == {"a": "1"}
    assert reading.yaml_table(image, "/y") == {}
    assert reading.xml_root(image, "/x").find("b") is not None


def test_a_reason_becomes_what_an_install_needs():
    @reading.following
    def read(_call, _image):
        raise NeedsSourceError("why")

    assert read(Call((), "/"), Memory({})).needs_source == "why"


def test_texts_in_quotes_are_found_where_they_are_plain():
    assert literals("""a 'b' "c d" "#{x}" 'e""") == ["b", "c d"]
    assert literals('"a\\n" "$x" "ok"') == ["ok"]


def test_words_outside_comments_are_refused():
    image = Memory({"/m": "// exec\nplain"})
    assert refuse_words(image, "/m", ["exec"]) == "plain"
    with pytest.raises(NeedsSourceError):
        refuse_words(image, "/m", ["plain"])
    with pytest.raises(NeedsSourceError):
        without_comments("x" * 5000, "#")

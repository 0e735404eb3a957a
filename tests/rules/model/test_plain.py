import pytest

from rules.model.plain import read_writes
from rules.model.shell import read


@pytest.mark.parametrize(
    ("script", "writes"),
    [
        ("echo 1.2 > /version", [("/version", None)]),
        ("mkdir -p /o && printf x >> o/f; true", [("/w/o/f", None)]),
        ("cat a /b > /c", [("/c", None), ("/c", "/w/a"), ("/c", "/b")]),
        ("cp -r src /dst/", [("/dst", "/w/src")]),
        ("touch /a /b", [("/a", None), ("/b", None)]),
        ("chmod ${MODE:-644} /o", [("/o", None)]),
        ("echo a > /a || echo b > /b 2>/dev/null", [("/a", None), ("/b", None)]),
        ("ls /x", []),
        ("date > /dev/null", []),
    ],
)
def test_a_plain_script_says_what_it_writes(script, writes):
    found = read_writes(read(script), "/w")
    assert [(write.path, write.copy) for write in found] == writes


@pytest.mark.parametrize(
    "script",
    [
        "make", "echo a > /a && make", "date > /now", "echo $(date) > /a", "echo * > /a",
        "cat < /a > /b", "cat /proc/uptime > /b", "echo a > $X", "echo a | tee /a", "(echo a > /a)",
        "A=1 echo a > /a", "cd /x", "cp $A /b", "cp a*", "if true; then echo a > /a; fi", "echo 'a",
    ],
)  # fmt: skip
def test_any_other_script_is_not_plain(script):
    assert read_writes(read(script), "/w") is None


def test_without_a_folder_only_absolute_paths_are_known():
    assert read_writes(read("echo a > a"), None) is None
    assert read_writes(read("echo a > /a"), None) is not None


def test_text_with_variables_varies():
    assert [write.varies for write in read_writes(read("echo $A > /a; echo 1 > /b"), "/")] == [
        True,
        False,
    ]

import pytest

from rules.model.places import holds_only_named, is_inside


@pytest.mark.parametrize(
    ("folder", "names", "expected"),
    [
        ("/root", ["app", "main.py"], True),
        ("/home/me/", ["app", ".git", ".dockerignore"], True),
        ("/root", ["app", ".bashrc"], False),
        ("/home/me", [".npmrc"], False),
        ("/", ["app", "src"], True),
        ("/", ["app", "etc"], False),
        ("/home", ["app"], False),
        ("/opt", ["app"], False),
    ],
)
def test_what_no_tool_looks_for_in_a_home_or_the_root(folder, names, expected):
    assert holds_only_named(folder, names) == expected


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("/a/b", "/a", True),
        ("/a", "/a/", True),
        ("/a/", "/a", True),
        ("/a", "/", True),
        ("/ab", "/a", False),
        ("/a", "/a/b", False),
        ("/", "/a", False),
    ],
)
def test_a_path_lies_in_a_folder_by_whole_names(path, folder, expected):
    assert is_inside(path, folder) == expected

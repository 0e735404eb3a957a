import pytest

from rules.model.installs.deno import DENO
from tests.rules.model.installs.image import ask, is_tool, listed, reason


def test_an_install_reads_its_settings_and_lock():
    files = {"deno.jsonc": '// x\n{"imports": {}}', "deno.lock": "", "main.ts": ""}
    assert listed(DENO, "deno install --frozen", files) == ["deno.jsonc", "deno.lock"]


def test_a_package_json_beside_it_is_read_too():
    files = {"deno.json": "{}", "package.json": "{}", "main.ts": ""}
    assert set(listed(DENO, "deno install", files)) == {"deno.json", "package.json"}


def test_members_of_a_workspace_are_listed():
    files = {
        "deno.json": '{"workspace": ["./a", "./b"]}',
        "a/deno.json": "{}",
        "b/package.json": "{}",
        "c/deno.json": "{}",
    }
    assert set(listed(DENO, "deno install", files)) == {
        "deno.json",
        "a/deno.json",
        "b/package.json",
    }


@pytest.mark.parametrize(
    ("command", "files", "why"),
    [
        ("deno cache main.ts", {"deno.json": "{}"}, "imports of the source"),
        ("deno install --entrypoint main.ts", {"deno.json": "{}"}, "imports of the source"),
        ("deno install", {}, "does not come"),
        ("deno install", {"deno.json": '{"importMap": "x.json"}'}, "other files"),
        ("deno install", {"deno.json": "{"}, "JSON"),
        ("deno install -g --config x npm:a", {"deno.json": "{}"}, "imports"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(command, files, why):
    assert why in reason(DENO, command, files)


def test_a_global_program_is_a_tool():
    assert is_tool(DENO, "deno install -g npm:cowsay", {})


def test_other_commands_install_nothing():
    assert ask(DENO, "deno task build", {"deno.json": "{}"}) is None


def test_its_cache_is_read_when_the_program_runs():
    assert DENO.cache.refused

import pytest

from rules.model.installs.mix import MIX
from tests.rules.model.installs.image import ask, is_tool, listed, reason

EXS = 'defmodule A.MixProject do\n  use Mix.Project\n  # File.read!("x")\n  def project, do: [app: :a, deps: [{:b, "~> 1.0"}]]\nend\n'
CONFIG = 'import Config\nconfig :a, cd: Path.expand("../assets", __DIR__)\nimport_config "#{config_env()}.exs"\n'
ONE = {
    "mix.exs": EXS,
    "mix.lock": "",
    "config/config.exs": CONFIG,
    "config/prod.exs": "import Config\n",
    "config/runtime.exs": 'File.read!("/x")',
    "lib/a.ex": "",
}
FILES = ["mix.exs", "mix.lock", "config/config.exs", "config/prod.exs"]


@pytest.mark.parametrize(
    "command",
    ["mix deps.get --only prod", "mix deps.compile", "mix do deps.get, deps.compile", "mix do deps.get --only prod + deps.compile",
     "mix do local.hex --force, local.rebar --force, deps.get"],
)  # fmt: skip
def test_dependencies_read_manifest_lock_and_settings(command):
    assert listed(MIX, command, ONE) == FILES


def test_what_is_written_depends_on_the_task():
    assert ask(MIX, "mix deps.get", ONE).writes == ("/app/deps",)
    assert ask(MIX, "mix do deps.get, deps.compile", ONE).writes == ("/app/deps", "/app/_build")


def test_a_version_file_and_the_apps_of_an_umbrella_are_read():
    files = {
        "mix.exs": 'version: File.read!("VERSION"),\napps_path: "apps"\n',
        "VERSION": "1",
        "apps/a/mix.exs": EXS,
        "apps/b/mix.exs": 'File.read!("V") |> String.trim()',
        "apps/b/V": "",
        "apps/b/lib/x.ex": "",
    }
    assert set(listed(MIX, "mix deps.get", files)) == set(files) - {"apps/b/lib/x.ex"}


@pytest.mark.parametrize(
    "command",
    [
        "mix local.hex --force",
        "mix do local.hex --force, local.rebar --force",
        "mix archive.install hex phx_new",
    ],
)
def test_tools(command):
    assert is_tool(MIX, command, ONE)


@pytest.mark.parametrize(
    "command", ["mix compile", "mix release", "mix", "mix phx.digest", "mix setup"]
)
def test_other_tasks_install_nothing(command):
    assert ask(MIX, command, ONE) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("mix.exs", 'deps: [{:b, path: "../b"}]'),
        ("mix.exs", 'version: System.cmd("git", ["describe"])'),
        ("mix.exs", 'Code.require_file("x.exs")'),
        ("mix.exs", "version: File.read!(file)"),
        ("mix.exs", 'aliases: ["deps.get": ["x"]]'),
        ("config/config.exs", 'import_config "../apps/a/config/config.exs"'),
        ("config/config.exs", 'for x <- Path.wildcard("*"), do: x'),
    ],
)
def test_what_may_read_files_needs_the_source(path, text):
    assert f"`{path.rpartition('/')[2]}`" in reason(MIX, "mix deps.get", {**ONE, path: text})


def test_going_on_to_compile_needs_the_source():
    assert "compile" in reason(MIX, "mix do deps.get, compile", ONE)
    assert reason(MIX, "mix deps.get", {})
    assert reason(MIX, "mix deps.get", ONE, environment={"MIX_EXS": "x"})

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from tests.bot.terminal.test_local import DOCKERFILE, Work

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path):
    work = Work(tmp_path)
    work.commit({"main.py": "", "requirements.txt": "flask\n", ".dockerignore": ".git\n"})
    work.branch("feature")
    work.commit({"Dockerfile": DOCKERFILE})
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_a_review_ends_with_1_when_there_is_something_to_say(clone):
    result = run("review", "--repo", clone, "--base", "main")
    assert result.exit_code == 1
    assert "Dockerfile, lines 3-4" in result.output
    assert "+ COPY requirements.txt ./" in result.output
    assert "1 comment, 1 with a suggested change." in result.output


def test_a_review_ends_with_0_when_there_is_nothing(clone):
    result = run("review", "--repo", clone, "--base", "feature")
    assert (result.exit_code, result.output.count("\n")) == (0, 1)


def test_the_main_branch_is_the_base_unless_another_is_named(clone):
    assert run("review", "--repo", clone).exit_code == 1


def test_prose_stays_within_80_columns_and_has_no_colour_without_a_terminal(clone):
    output = run("review", "--repo", clone).output
    assert "\x1b" not in output
    prose = [line for line in output.split("\n") if not re.match(r"  [-+] ", line)]
    assert max(map(len, prose)) <= 80


def test_markdown_is_what_github_gets(clone):
    output = run("review", "--repo", clone, "--format", "markdown").output
    assert "```suggestion\nCOPY requirements.txt ./\n" in output
    assert "<!-- layerwise:v1 fp=" in output


def test_json_says_what_is_suggested_and_why_rules_were_silent(clone):
    _at(clone).commit(
        {
            "api/setup.py": "",
            "api/Dockerfile": "FROM python:3\nWORKDIR /a\nCOPY . .\nRUN pip install -e .\n",
            "api/a.py": "",
        }
    )
    document = json.loads(run("review", "--repo", clone, "--format", "json").output)
    assert document["version"] == 1
    (comment,) = [c for c in document["comments"] if c["path"] == "Dockerfile"]
    assert (comment["line"], comment["end_line"]) == (3, 4)
    assert comment["rules"] == ["copy-source-before-install", "missing-cache-mount"]
    assert comment["suggestion"].startswith("COPY requirements.txt ./\n")
    (silence,) = [s for s in document["silences"] if s["rule"] == "copy-source-before-install"]
    assert silence["path"] == "api/Dockerfile"
    assert "`-e`" in silence["reason"]


def _at(folder):
    work = Work.__new__(Work)
    work.folder = folder
    return work


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "nowhere"], "layerwise: no commit called 'nowhere'"),
        (["--repo", "/nowhere-at-all"], "layerwise: no such folder: /nowhere-at-all"),
    ],
)
def test_what_cannot_run_ends_with_2_and_one_line(clone, arguments, message):
    result = run("review", "--repo", clone, *arguments)
    assert result.exit_code == 2
    assert result.output.startswith(message)
    assert result.output.count("\n") == 1


def test_a_bad_option_ends_with_2():
    assert run("review", "--format", "xml").exit_code == 2


def test_a_hostile_file_cannot_command_the_terminal(clone):
    _at(clone).commit(
        {
            "Dockerfile": DOCKERFILE.replace("flask", "x").replace(
                "RUN pip", "RUN \x1b[31mecho \x07 && pip"
            )
        }
    )
    assert "\x1b" not in run("review", "--repo", clone).output


def test_reviewing_a_branch_imports_no_server():
    code = "import sys, bot.cli, bot.terminal.local, bot.terminal.report; print([m for m in ('aiohttp', 'dbos', 'sentry_sdk', 'gidgethub') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_installed_command_works_outside_the_checkout(clone, tmp_path_factory):
    """A wheel is built and put into an environment that sees this one's dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in ("bot", "rules", "pyproject.toml", "README.md", "LICENSE"):
        _copy(ROOT / name, source / name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True, env=environment
    )
    venv.create(folder / "venv", with_pip=False)
    (python,) = (folder / "venv" / "bin").glob("python3")
    (wheel,) = folder.glob("*.whl")
    place = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    subprocess.run(
        [*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True
    )
    Path(place, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    layerwise = folder / "venv" / "bin" / "layerwise"
    done = subprocess.run(
        [layerwise, "review", "--repo", clone, "--base", "main"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "+ COPY requirements.txt ./" in done.stdout
    where = subprocess.run(
        [python, "-c", "import bot, rules; print(bot.__file__, rules.__file__)"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert where.count(place) == 2


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        return
    for path in source.rglob("*.py"):
        _copy(path, target / path.relative_to(source))

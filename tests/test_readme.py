"""The README is held to what it says: its commands run, its workflow steps are a workflow."""

import importlib.util
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.config import Config, read_config
from rules import BY_NAME
from tests.bot.desk import NAIVE, PROJECT, Desk

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WRITTEN = re.sub("<!-- rules:.*<!-- end of rules -->", "", README, flags=re.DOTALL)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", WRITTEN, re.MULTILINE | re.DOTALL)


def commands():
    """The commands for a desk that the README shows, without those that need a network."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += [line[5:] for step in steps() if (line := f"run: {step.get('run', '')}")[5:]]
    wanted = [line for line in lines if re.match(r"layerwise (?!serve)", line)]
    return [line.replace("${{ github.base_ref }}", "main") for line in wanted]


def steps():
    """Those that the README shows for GitHub Actions."""
    found = []
    for block in blocks("yaml"):
        document = yaml.safe_load(block)
        if isinstance(document, list) and {"uses", "run"} & document[0].keys():
            found += document
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A repository of twenty commits with a Dockerfile in three places, and the command."""
    folder = tmp_path_factory.mktemp("project")
    naive = dict.fromkeys(("Dockerfile", "api/Dockerfile", "web/Dockerfile"), NAIVE)
    Desk(folder).put({**PROJECT, **naive, "README.md": "", "api/requirements.txt": "a\n"})
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgSign=false"]
    steps = [["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "0"]]
    steps += [["update-ref", "refs/remotes/origin/main", "HEAD"], ["add", "."]]
    steps += [["commit", "-q", "--allow-empty", "-m", str(n)] for n in range(1, 22)]
    for step in steps:
        subprocess.run([*git, *step], cwd=folder, check=True)
    program = tmp_path_factory.mktemp("bin") / "layerwise"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from bot.cli import main\nmain(prog_name='layerwise')\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder, f"{program.parent}:{os.environ['PATH']}"


def run(project, line):
    folder, path = project
    git = ["git", "-c", "advice.detachedHead=false"]
    subprocess.run([*git, "checkout", "-q", "."], cwd=folder, check=True)
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1"}
    return subprocess.run(
        ["bash", "-e", "-c", line], cwd=folder, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("line", commands())
def test_a_command_runs_as_it_is_written(project, line):
    done = run(project, line)
    assert not re.search("Usage|Traceback|^layerwise:", done.stderr, re.MULTILINE)
    assert done.returncode in (0, 1)
    assert done.stdout or ">" in line or "git apply" in line


def test_commands_are_found():
    assert len(commands()) > 12


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ([\w.]+)", WRITTEN))))
def test_a_module_that_is_run_is_there(module):
    assert importlib.util.find_spec(module) is not None


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"(?<![\w.])(?:tests|rules|bot|deploy)/[\w./]*", WRITTEN)))
)
def test_a_path_that_is_named_is_there(path):
    assert (ROOT / path).exists() or path == "rules/the_fault.py" or "test_the_fault" in path


def test_the_steps_are_a_workflow(tmp_path):
    program = Path(sys.executable).with_name("check-jsonschema")
    if not program.exists():
        pytest.skip("check-jsonschema is not installed")
    job = {"runs-on": "ubuntu-latest", "permissions": {"security-events": "write"}}
    workflow = {"on": "pull_request", "jobs": {"layerwise": {**job, "steps": steps()}}}
    (tmp_path / "workflow.yml").write_text(yaml.safe_dump(workflow))
    schema = ["--builtin-schema", "vendor.github-workflows"]
    command = [program, *schema, tmp_path / "workflow.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_step_for_annotations_gives_some(project):
    (line,) = [line for line in commands() if line.endswith("--format github")]
    assert run(project, line).stdout.startswith("::warning file=")


def test_the_step_for_code_scanning_succeeds_with_findings(project):
    (line,) = [line for line in commands() if "sarif" in line]
    assert run(project, line).returncode == 0
    log = json.loads((project[0] / "layerwise.sarif").read_text())
    assert (log["version"], bool(log["runs"][0]["results"])) == ("2.1.0", True)


def test_pre_commit_takes_the_settings_and_knows_the_hook():
    clientlib = pytest.importorskip("pre_commit.clientlib", reason="no pre-commit")
    (block,) = [block for block in blocks("yaml") if "hooks:" in block]
    (repository,) = yaml.safe_load(block)
    hooks = clientlib.load_manifest(ROOT / ".pre-commit-hooks.yaml")
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in hooks}
    assert set(repository) == {"repo", "rev", "hooks"}


def test_the_settings_that_are_shown_are_the_defaults():
    (block,) = [block for block in blocks("yaml") if "max_comments" in block]
    assert read_config(block, BY_NAME) == (Config(), [])


def test_the_json_that_is_shown_has_what_check_prints(tmp_path, monkeypatch):
    (block,) = blocks("json")
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    desk.put({**PROJECT, "Dockerfile": f"{NAIVE}# layerwise: ignore=no-such-rule\n"})
    assert shape(json.loads(block)) == shape(desk.json("Dockerfile", "nowhere"))


def shape(value):
    """The keys of a document; of a list those of its first."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if key != "evidence"}
    return [shape(value[0])] if isinstance(value, list) and value else None

"""The files of deploy/: our own rules have nothing to say of them, and what they name is there."""

import contextlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import rules
from bot.settings import Settings, SettingsError, read
from rules.model.repository import Repository

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MANIFESTS = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
DEPLOYMENTS = [m for m in MANIFESTS if m["kind"] == "Deployment"]
OURS = ["web", "worker"]


def repository() -> Repository:
    """What is in this checkout and belongs to the project."""
    tops = ["bot", "rules", "tests", "deploy", ".ci"]
    files = [p for top in tops for p in (ROOT / top).rglob("*") if p.is_file()]
    files += [p for p in ROOT.iterdir() if p.is_file()]
    paths = {p.relative_to(ROOT).as_posix() for p in files if "__pycache__" not in p.parts}
    texts = {}
    for path in paths:
        try:
            texts[path] = (ROOT / path).read_text()
        except UnicodeDecodeError:
            texts[path] = None
    return Repository(frozenset(paths), texts)


def test_our_own_rules_have_nothing_to_say_of_the_image():
    report = rules.inspect(repository(), "deploy/Dockerfile")
    assert report.skipped is None
    assert report.findings == ()
    assert report.build.context.kind == "local"
    assert report.build.context.root == ""  # compose.yaml says so


def test_the_image_is_sent_what_it_copies_and_no_more():
    context = rules.inspect(repository(), "deploy/Dockerfile").build.context
    tops = {path.partition("/")[0] for path in context.files}
    assert tops - {".dockerignore"} == {"bot", "rules", "LICENSE", "README.md", "pyproject.toml"}
    assert "bot/pages/templates/base.html" in context.files


def test_the_image_runs_as_a_user_of_its_own_and_holds_no_builder():
    build = rules.inspect(repository(), "deploy/Dockerfile").build
    final = build.dockerfile.stages[-1]
    users = [i.value for i in final.instructions if i.keyword == "USER"]
    assert users == ["layerwise"]
    assert len(build.dockerfile.stages) == 2
    assert {i.keyword for i in final.instructions} >= {"FROM", "COPY", "USER", "CMD"}


def variables() -> set[str]:
    """What deploy/ and the README tell an operator to set, that is ours."""
    texts = [p.read_text() for p in DEPLOY.iterdir()] + [(ROOT / "README.md").read_text()]
    named = re.findall(
        r"\b((?:GITHUB|DATABASE|OPERATOR|PUBLIC|SENTRY)_[A-Z_]+)\b", "\n".join(texts)
    )
    return set(named)


@pytest.mark.parametrize("name", sorted(variables()))
def test_a_variable_that_is_named_is_read(name, tmp_path):
    wrong = tmp_path / "file"
    wrong.write_text("{" if name == "GITHUB_APP_FILE" else "!")
    value = str(wrong) if name.endswith("_FILE") else "!"
    with contextlib.suppress(SettingsError):  # then it was read, and cannot be used
        assert read({name: value}) != Settings(), f"{name} changes nothing"


def test_web_and_workers_are_composed_with_postgresql():
    services = COMPOSE["services"]
    assert set(services) == {*OURS, "postgres"}
    assert services["worker"]["deploy"]["replicas"] == 2
    for name in OURS:
        service = services[name]
        assert service["command"] == ["layerwise", "serve", "--only", name]
        assert service["environment"]["DATABASE_URL"].startswith("postgresql://")
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["stop_grace_period"] == "45s"


@pytest.mark.parametrize("manifest", DEPLOYMENTS, ids=lambda m: m["metadata"]["name"])
def test_pods_have_probes_bounds_and_no_rights(manifest):
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert manifest["spec"]["replicas"] == 2
    assert container["command"][-1] == manifest["metadata"]["name"].removeprefix("layerwise-")
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["terminationGracePeriodSeconds"] >= 45
    assert pod["automountServiceAccountToken"] is False
    assert "memory" in container["resources"]["limits"]


def test_every_deployment_has_a_disruption_budget_that_names_its_pods():
    labels = [d["spec"]["template"]["metadata"]["labels"] for d in DEPLOYMENTS]
    budgets = [m["spec"] for m in MANIFESTS if m["kind"] == "PodDisruptionBudget"]
    assert [b["selector"]["matchLabels"] for b in budgets] == labels
    assert [d["spec"]["selector"]["matchLabels"] for d in DEPLOYMENTS] == labels
    (service,) = [m for m in MANIFESTS if m["kind"] == "Service"]
    assert service["spec"]["selector"] == labels[0]


@pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda m: f"{m['kind']} {m['metadata']['name']}"
)
def test_kubernetes_takes_the_manifests(manifest):
    validate = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed"
    )
    validate.validate(manifest, "1.31", strict=True)


def test_compose_takes_the_file():
    program = Path(sys.executable).with_name("check-jsonschema")
    if not program.exists():
        pytest.skip("check-jsonschema is not installed")
    schema = ["--builtin-schema", "vendor.compose-spec"]
    subprocess.run([program, *schema, DEPLOY / "compose.yaml"], check=True, capture_output=True)


def test_systemd_takes_the_unit(tmp_path):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "layerwise.service").read_text()
    unit = tmp_path / "layerwise.service"
    unit.write_text(text.replace("/opt/layerwise/bin/layerwise serve", "/bin/true"))
    done = subprocess.run([program, "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "DynamicUser=yes" in text


def test_what_is_started_by_hand_or_by_a_host_is_a_command_that_is_there():
    script = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert "layerwise" in script
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert lines == ["web: layerwise serve", "worker: layerwise serve --only worker"]

import pytest

from rules.model.invocations import sources
from tests.rules.model.invocations.shown import shown


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("heroku.yml", "build: {docker: {web: a/Dockerfile}}", ("a/Dockerfile", "a", "legacy")),
        ("heroku.yml", "build: {docker: {web: {dockerfile: Dockerfile}}}", ("Dockerfile", "", "legacy")),
        ("fly.toml", "app = 'x'", ("Dockerfile", "", "buildkit")),
        ("fly.toml", "[build]\ndockerfile = 'a/Dockerfile'", ("a/Dockerfile", "", "buildkit")),
        ("a/fly.toml", "[build]\n", ("a/Dockerfile", "a", "buildkit")),
        ("fly.toml", "[build]\nimage = 'x'", None),
        ("fly.toml", "[build", ("Dockerfile", "", "buildkit")),
        ("render.yaml", "services: [{runtime: docker, rootDir: a}]", ("a/Dockerfile", "a", "buildkit")),
        ("render.yaml", "services: [{env: docker, dockerfilePath: ./a/Dockerfile}]",
         ("a/Dockerfile", "", "buildkit")),
        ("render.yaml", "services: [{env: python}]", None),
        ("railway.json", '{"build": {"dockerfilePath": "/a/Dockerfile"}}', ("a/Dockerfile", None, "railway")),
        ("a/railway.toml", "[build]\nbuilder = 'DOCKERFILE'", ("Dockerfile", None, "railway")),
        ("railway.json", '{"build": {"builder": "NIXPACKS"}}', None),
        (".devcontainer/devcontainer.json", '{"build": {"dockerfile": "../a/Dockerfile", "context": ".."}}',
         ("a/Dockerfile", "", "buildkit")),
        ("a/devcontainer.json", '{"dockerFile": "Dockerfile"} // old', ("a/Dockerfile", "a", "buildkit")),
        ("openshift/build-buildconfig.yaml",
         "{kind: BuildConfig, spec: {source: {contextDir: a}, strategy: {dockerStrategy: {}}}}",
         ("a/Dockerfile", "a", "legacy")),
        ("openshift.yaml",
         "- {kind: BuildConfig, spec: {strategy: {dockerStrategy: {dockerfilePath: a/Dockerfile}}}}",
         ("a/Dockerfile", "", "legacy")),
        (".goreleaser.yml", "dockers: [{image_templates: [x]}]", ("Dockerfile", None, "buildkit")),
        ("Tiltfile", "docker_build('x', 'a')", ("a/Dockerfile", "a", "buildkit")),
        ("a/Tiltfile", "docker_build(\n  'x', '..', dockerfile='web.Dockerfile', target=\"t\")",
         ("a/web.Dockerfile", "", "buildkit")),
        ("Tiltfile", "docker_build('x', ctx)", None),
    ],
)  # fmt: skip
def test_a_platform_builds(path, text, expected):
    found = [(i.dockerfile, i.root, i.builder) for i in shown({path: text})]
    assert found == ([expected] if expected else [])


def test_a_release_tool_makes_a_context_of_its_own():
    (found,) = shown({".goreleaser.yml": "dockers: [{dockerfile: Dockerfile}]"})
    assert found.kind == "unknown"


def test_only_files_that_could_matter_are_read_and_not_too_many():
    paths = ["README.md", "src/app.py", "data.json", "values.yaml", "k8s/deploy.yaml", "Dockerfile"]
    assert not sources(paths)
    many = [f"{'x/' * (i % 7)}compose{i}.yml" for i in range(300)] + ["fly.toml"]
    chosen = sources(many)
    assert "fly.toml" in chosen
    assert max(path.count("/") for path in chosen) < 2
    assert len(chosen) == 41

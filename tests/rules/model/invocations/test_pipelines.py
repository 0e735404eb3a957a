import pytest

from rules.model.invocations import read_invocations
from rules.model.repository import Repository
from tests.rules.model.invocations.shown import places, shown

ROOT, A = ("Dockerfile", ""), ("a/Dockerfile", "a")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".gitlab-ci.yml", "x: {script: [cd a, docker build .]}", [A]),
        (".gitlab-ci.yml", "variables: {D: a}\nx: {script: [docker build $D]}", [A]),
        (".gitlab-ci.yml", "x: {script: docker build $CI_PROJECT_DIR/a}", [A]),
        (".gitlab-ci.yml", "x: &x {script: [docker build a]}\ny: *x", [A]),
        (".circleci/config.yml", "jobs: {x: {steps: [{run: {command: docker build a}}]}}", [A]),
        (".circleci/config.yml", "jobs: {x: {steps: [{run: docker build a}]}}", [A]),
        (".travis.yml", "script: docker build a", [A]),
        ("azure-pipelines.yml", "steps: [{script: docker build a}]", [A]),
        ("azure-pipelines.yml", "steps: [{task: Docker@2, inputs: {Dockerfile: a/Dockerfile}}]", [A]),
        (
            "azure-pipelines.yml",
            "steps: [{task: Docker@2, inputs: {Dockerfile: '**/web.Dockerfile', buildContext: .}}]",
            [("a/web.Dockerfile", "")],
        ),
        ("azure-pipelines.yml",
         "- {task: Docker@2, inputs: {Dockerfile: $(Build.SourcesDirectory)/a/Dockerfile}}", [A]),
        ("azure-pipelines.yml", "steps: [{task: Docker@2, inputs: {command: build}}]", []),
        ("azure-pipelines.yml", "steps: [{task: Docker@2, inputs: {command: login}}]", []),
        ("buildspec.yml", "phases: {build: {commands: [docker build a]}}", [A]),
        ("Taskfile.yml", "tasks: {x: {cmds: [docker build a, {cmd: docker build .}]}}", [A, ROOT]),
        ("x/y.yml", "x: {script: docker build a}", []),
        ("Jenkinsfile", "steps { sh 'docker build a' }", [A]),
        ("Jenkinsfile", 'sh """\n  cd a\n  docker build \\\\\n  .\n"""', [A]),
        ("Jenkinsfile", "dir('a') { sh 'docker build -f web.Dockerfile .' }", [("a/web.Dockerfile", "a")]),
        ("Jenkinsfile", 'docker.build("x:${env.ID}", "-f a/Dockerfile a")', [A]),
        ("Jenkinsfile", "docker.build('x')", [ROOT]),
        ("Jenkinsfile", "sh 'docker build ${x}' + '\"", []),
    ],
)  # fmt: skip
def test_a_pipeline_builds(path, text, expected):
    assert places({path: text}) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{name: gcr.io/cloud-builders/docker, args: [build, -t, 'x:$ID', a]}", ("a", "legacy")),
        ("{name: gcr.io/cloud-builders/docker, args: [build, .], dir: a}", ("a", "legacy")),
        ("{name: gcr.io/cloud-builders/docker, args: [build, a], env: [DOCKER_BUILDKIT=1]}",
         ("a", "buildkit")),
        ("{name: gcr.io/cloud-builders/docker, entrypoint: bash, args: [-c, 'docker build a']}",
         ("a", "legacy")),
        ("{name: x, script: docker buildx build a}", ("a", "buildkit")),
        ("{name: gcr.io/kaniko-project/executor, args: [--context=dir://a, --dockerfile=a/Dockerfile]}",
         ("a", "kaniko")),
        ("{name: x, args: [build, a]}", None),
    ],
)  # fmt: skip
def test_cloud_build_knows_no_buildkit_unless_told(step, expected):
    found = [(i.root, i.builder) for i in shown({"cloudbuild.yaml": f"steps: [{step}]"})]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("build: {artifacts: [{image: x, context: a}]}", [("a/Dockerfile", "a", "buildkit")]),
        ("build: {artifacts: [{context: a, docker: {dockerfile: web.Dockerfile}}]}",
         [("a/web.Dockerfile", "a", "buildkit")]),
        ("build: {artifacts: [{context: a, kaniko: {}}]}", [("a/Dockerfile", "a", "kaniko")]),
        ("build: {googleCloudBuild: {}, artifacts: [{image: x}]}", [("Dockerfile", "", "legacy")]),
        ("build: {local: {useBuildkit: false}, artifacts: [{image: x}]}", [("Dockerfile", "", "legacy")]),
        ("profiles: [{build: {artifacts: [{context: a}]}}]", [("a/Dockerfile", "a", "buildkit")]),
        ("build: {artifacts: [{context: a, ko: {}}]}", []),
    ],
)  # fmt: skip
def test_skaffold_builds_artifacts(text, expected):
    found = shown({"skaffold.yaml": text})
    assert [(i.dockerfile, i.root, i.builder) for i in found] == expected


def test_a_cloud_build_beside_its_dockerfile_is_read_however_many_there_are():
    step = "steps: [{name: gcr.io/cloud-builders/docker, dir: a/z, args: [build, -f, X, .]}]"
    many = {f"a/b{number}/cloudbuild.yaml": "steps: []" for number in range(60)}
    texts = many | {"a/z/cloudbuild.yaml": step.replace("X", "Dockerfile.web")}
    files = dict.fromkeys(("a/z/Dockerfile.web", "a/z/main.py"), "FROM scratch\n")
    repository = Repository(frozenset(texts | files), texts=texts | files)
    found = [(i.dockerfile, i.root, i.builder) for i in read_invocations(repository)]
    assert found == [("a/z/Dockerfile.web", "a/z", "legacy")]

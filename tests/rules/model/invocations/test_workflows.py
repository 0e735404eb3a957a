import pytest

from rules.model.invocations import Cache
from tests.rules.model.invocations.shown import places, shown

PATH = ".github/workflows/ci.yml"


def workflow(steps, job="", top=""):
    return {PATH: f"{top}\njobs:\n  x:\n    runs-on: ubuntu-latest\n{job}\n    steps:\n{steps}"}


def action(uses="docker/build-push-action@v6", **given):
    lines = "".join(f"          {key.replace('_', '-')}: {value}\n" for key, value in given.items())
    return f"      - uses: {uses}\n        with:\n          push: true\n{lines}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("Dockerfile", "", "git")),
        ({"context": "''"}, ("Dockerfile", "", "git")),
        ({"file": "a/web.Dockerfile"}, ("a/web.Dockerfile", "", "git")),
        ({"context": "."}, ("Dockerfile", "", "local")),
        ({"context": "./a"}, ("a/Dockerfile", "a", "local")),
        ({"context": "a", "file": "./a/web.Dockerfile"}, ("a/web.Dockerfile", "a", "local")),
        ({"context": "a", "file": "web.Dockerfile"}, ("a/web.Dockerfile", "a", "local")),
        ({"context": '"{{defaultContext}}:a"'}, ("a/Dockerfile", "a", "git")),
        ({"context": '"{{defaultContext}}"', "file": "a/Dockerfile"}, ("a/Dockerfile", "", "git")),
        ({"context": '"{{defaultContext}}:a"', "file": "web.Dockerfile"}, ("a/web.Dockerfile", "a", "git")),
        ({"context": "${{ github.workspace }}/a"}, ("a/Dockerfile", "a", "local")),
        ({"context": "${{ env.DIR }}"}, ("a/Dockerfile", "a", "local")),
        ({"context": "${{ inputs.dir || 'a' }}"}, None),
        ({"context": "${{ secrets.X }}"}, None),
        ({"context": "${{ secrets.X }}", "file": "Dockerfile"}, ("Dockerfile", None, "local")),
        ({"context": ".", "file": "${{ secrets.X }}"}, None),
        ({"context": "https://github.com/a/b.git"}, None),
        ({"context": "../.."}, None),
    ],
)  # fmt: skip
def test_a_build_step_has_a_context_and_a_file(given, expected):
    found = shown(workflow(action(**given), top="env: {DIR: a}"))
    assert [(i.dockerfile, i.root, i.kind) for i in found] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("uses", "given", "expected"),
    [
        ("depot/build-push-action@v1", {}, ("Dockerfile", "", "git", "buildkit", False)),
        ("docker/build-push-action@v1", {"path": "a"}, ("a/Dockerfile", "a", "local", "buildkit", True)),
        ("int128/kaniko-action@v1", {"context": "a"}, ("a/Dockerfile", "a", "local", "kaniko", True)),
        ("redhat-actions/buildah-build@v2", {"containerfiles": "c/Containerfile"},
         ("c/Containerfile", "", "local", "podman", True)),
        ("macbre/push-to-ghcr@master", {"dockerfile": "a/Dockerfile"},
         ("a/Dockerfile", "", "local", "buildkit", True)),
        ("azure/container-apps-deploy-action@v1", {"appSourcePath": "a"},
         ("a/Dockerfile", "a", "local", "legacy", True)),
    ],
)  # fmt: skip
def test_other_actions_build_too(uses, given, expected):
    (i,) = shown(workflow(action(uses, **given)))
    assert (i.dockerfile, i.root, i.kind, i.builder, i.hosted) == expected


def test_options_and_caches_are_read():
    step = action(context=".", target="t", build_args="|\n            A=1\n            B=a=b",
                  build_contexts="lib=../lib", cache_to="type=gha,mode=max")  # fmt: skip
    (found,) = shown(workflow(step))
    assert (found.target, found.contexts) == ("t", ("lib",))
    assert found.args == (("A", "1"), ("B", "a=b"))
    assert found.caches == (Cache("gha", "max"),)


@pytest.mark.parametrize(
    ("job", "step", "hosted"),
    [
        ("    runs-on: ubuntu-latest", "", True),
        ("    runs-on: [self-hosted, linux]", "", False),
        ("    runs-on: {group: x, labels: [self-hosted]}", "", False),
        ("    runs-on: ${{ matrix.x }}", "", False),
        (
            "",
            "      - uses: docker/setup-buildx-action@v3\n        with: {driver: remote}\n",
            False,
        ),
    ],
)
def test_a_hosted_runner_keeps_no_disk(job, step, hosted):
    (found,) = shown(workflow(step + action(context="."), job=job))
    assert found.hosted is hosted


MATRIX = """    strategy:
      matrix:
        dir: [a, c]
        os: [x, y]
        include:
          - {dir: a, file: web.Dockerfile}
          - {dir: c, file: Containerfile}
          - {dir: a/b, file: Dockerfile}
"""


def test_a_matrix_is_run_through():
    step = action(context="${{ matrix.dir }}", file="${{ matrix.dir }}/${{ matrix.file }}")
    assert places(workflow(step, job=MATRIX)) == [
        ("a/web.Dockerfile", "a"),
        ("c/Containerfile", "c"),
        ("a/b/Dockerfile", "a/b"),
    ]


def test_the_tables_of_a_matrix_have_fields():
    job = "    strategy: {matrix: {image: [{dir: a}, {dir: .}]}}"
    step = action(context="${{ matrix.image.dir }}")
    assert places(workflow(step, job=job)) == [("a/Dockerfile", "a"), ("Dockerfile", "")]


def test_a_called_workflow_gets_its_inputs():
    called = (
        "on:\n  workflow_call:\n    inputs:\n      dir: {type: string, default: .}\njobs:\n  x:\n    steps:\n"
        + action(context="${{ inputs.dir }}")
    )
    path = ".github/workflows/build.yml"
    call = {PATH: f"jobs: {{x: {{uses: ./{path}, with: {{dir: a}}}}, y: {{uses: ./{path}}}}}"}
    assert places({path: called}) == [("Dockerfile", "")]
    assert places({path: called, **call}) == [("a/Dockerfile", "a"), ("Dockerfile", "")]


def test_a_composite_action_is_followed():
    text = (
        "inputs: {dir: {default: .}}\nruns:\n  steps:\n"
        + action(context="${{ inputs.dir }}")
        + "      - run: docker build c -f c/Containerfile\n"
    )
    steps = "      - uses: ./.github/actions/build\n        with: {dir: a}\n"
    found = places({**workflow(steps), ".github/actions/build/action.yml": text})
    assert found == [("a/Dockerfile", "a"), ("c/Containerfile", "c")]


def test_an_action_that_uses_itself_ends():
    text = "runs: {steps: [{uses: ./x}, {run: docker build .}]}"
    assert places({**workflow("      - uses: ./x"), "x/action.yaml": text}) == [("Dockerfile", "")]


@pytest.mark.parametrize(
    ("step", "job", "expected"),
    [
        ("{run: docker build .}", "", [("Dockerfile", "")]),
        ("{run: docker build ., working-directory: a}", "", [("a/Dockerfile", "a")]),
        ("{run: docker build .}", "    defaults: {run: {working-directory: a}}", [("a/Dockerfile", "a")]),
        ("{run: 'docker build ${{ env.D }}', env: {D: a}}", "", [("a/Dockerfile", "a")]),
        ("{run: docker build $D}", "    env: {D: a}", [("a/Dockerfile", "a")]),
        ("{run: 'docker build -t ${{ secrets.X }} a'}", "", [("a/Dockerfile", "a")]),
        ("{run: 'docker build ${{ secrets.X }}'}", "", []),
        ("{run: docker build ., working-directory: '${{ secrets.X }}'}", "", []),
    ],
)  # fmt: skip
def test_a_run_step_is_a_script(step, job, expected):
    assert places(workflow(f"      - {step}\n", job=job)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "jobs: []", "jobs: {x: []}", "docker build\njobs: {x: {steps: {}}}", "on: docker build",
     "jobs: {x: {steps: [docker build, [], {run: []}, {uses: {}}, {uses: docker/build-push-action}]}}",
     "jobs: {x: {strategy: {matrix: '${{ fromJSON(x) }}'}, steps: [{run: docker build}]}}"],
)  # fmt: skip
def test_odd_workflows_do_no_harm(text):
    assert len(shown({PATH: text})) <= 1


def test_a_matrix_of_many_builds_is_cut_off():
    axes = "".join(f"        x{i}: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" for i in range(9))
    steps = action(context=".") * 900
    assert places(workflow(steps, job=f"    strategy:\n      matrix:\n{axes}")) == [
        ("Dockerfile", "")
    ]

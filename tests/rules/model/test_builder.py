import pytest

from rules.model.builder import find, is_dockerfile, is_ignore_file, named_dockerfiles
from rules.model.dockerfile import parse
from rules.model.repository import Repository

COPY_ALL = "FROM a\nCOPY . .\n"


def repository(*files, **texts):
    named = {path.replace("__", "/"): text for path, text in texts.items()}
    return Repository(frozenset([*files, *named]), named)


def built(text, texts, *files, path="Dockerfile", **settings):
    tree = Repository(frozenset([path, *files, *texts]), {**texts, path: text})
    context, builder = find(tree, path, parse(text), **settings)
    return context.root, context.kind, builder.name, builder.reason


ROOT_COMPOSE = {"compose.yaml": "services: {a: {build: {context: ., dockerfile: a/Dockerfile}}}"}
OWN_COMPOSE = {"dev/compose.yaml": "services: {a: {build: ../a}}"}
GIT_STEP = {
    ".github/workflows/ci.yml": "jobs: {a: {steps: [{uses: docker/build-push-action@v6,"
    " with: {file: a/Dockerfile}}]}}"
}
HEROKU = {"heroku.yml": "build: {docker: {web: a/Dockerfile}}"}
KANIKO = {".gitlab-ci.yml": "a: {script: [/kaniko/executor -c . -f a/Dockerfile]}"}
RELEASER = {".goreleaser.yaml": "dockers: [{dockerfile: a/Dockerfile}]"}
RAILWAY = {"railway.json": '{"build": {"dockerfilePath": "a/Dockerfile"}}'}


@pytest.mark.parametrize(
    ("texts", "decided"),
    [
        (ROOT_COMPOSE, ("", "local", "buildkit", "compose.yaml")),
        (OWN_COMPOSE, ("a", "local", "buildkit", "dev/compose.yaml")),
        (GIT_STEP, ("", "git", "buildkit", ".github/workflows/ci.yml")),
        (GIT_STEP | ROOT_COMPOSE, ("", "local", "buildkit", ".github/workflows/ci.yml")),
        (HEROKU, ("a", "local", "legacy", "heroku.yml")),
        (KANIKO, ("", "local", "kaniko", ".gitlab-ci.yml")),
        (KANIKO | ROOT_COMPOSE, ("", "local", "kaniko", ".gitlab-ci.yml")),
        (RELEASER, ("", "unknown", "buildkit", "its context is made for the build")),
        (RELEASER | OWN_COMPOSE, ("a", "local", "buildkit", "dev/compose.yaml")),
        (
            OWN_COMPOSE | ROOT_COMPOSE,
            ("", "unknown", "buildkit", "it is built with several contexts"),
        ),
        (
            RAILWAY,
            ("", "unknown", "railway", "its sources are in several of the folders around it"),
        ),
    ],
)
def test_what_the_repository_shows_decides(texts, decided):
    assert built(COPY_ALL, texts, "a/x", path="a/Dockerfile") == decided


LONG = "#" * 300_000
LOOPS = f"for a in {'x ' * 50}; do " * 3 + "docker build .; " + "done; " * 3
COMPOSE = "services: {a: {build: ../a}}"


@pytest.mark.parametrize(
    "unread",
    [
        {"compose.yaml": LONG}, {"compose.yaml": None}, {"deploy.sh": "docker build a\n" + LONG},
        {"build.sh": LOOPS}, {"docker-bake.hcl": LONG}, {"fly.toml": LONG},
        {"a/Makefile": "x:\n\tdocker build a\n" + LONG}, {"Tiltfile": LONG},
        {"Jenkinsfile": "docker.build()" + LONG}, {".github/workflows/ci.yml": "run: ./a\n" + LONG},
        {"compose.yaml": "[" * 200}, {"package.json": '{"scripts": "docker build"}' + LONG},
        {f".github/workflows/{n}.yml": "" for n in range(101)},
    ],
    ids=lambda unread: next(iter(unread)),
)  # fmt: skip
def test_a_file_that_may_say_more_and_cannot_be_read_leaves_the_builder_unknown(unread):
    path = "a/Dockerfile"
    context = built(COPY_ALL, unread, "a/x", path=path)
    assert context[1:3] == ("unknown", "unknown")
    assert "cannot be read" in context[3]
    shown = built(COPY_ALL, {**unread, "dev/compose.yaml": COMPOSE}, "a/x", path=path)
    assert shown == ("a", "local", "unknown", "dev/compose.yaml")
    assert built(COPY_ALL, unread, path=path, builder="buildkit")[2] == "buildkit"


@pytest.mark.parametrize(
    "text", ["a: {", "b: *a", "#" * 200_000, "services: {a: {build: {context: [1]}}}"]
)
def test_a_file_that_is_read_and_says_nothing_leaves_it_as_it_is(text):
    files = {"compose.yaml": text, "deploy.sh": LONG, "package.json": '{"a": "' + LONG + '"}'}
    assert built("FROM a\nCOPY x .", files, "a/x", path="a/Dockerfile")[:3] == (
        "a",
        "local",
        "buildkit",
    )


def test_of_several_contexts_the_one_with_the_sources_is_right():
    text = "FROM a\nCOPY app.py ."
    shown = OWN_COMPOSE | ROOT_COMPOSE
    assert built(text, shown, "app.py", path="a/Dockerfile")[0] == ""
    assert built(text, shown, "a/app.py", path="a/Dockerfile")[0] == "a"


def test_sources_outweigh_a_context_without_them():
    text = "FROM a\nCOPY lib/x.py ."
    assert built(text, OWN_COMPOSE, "lib/x.py", path="a/Dockerfile")[:2] == ("", "local")


def test_a_context_whose_sources_a_step_makes_is_believed():
    assert built("FROM a\nCOPY target/app.jar .", OWN_COMPOSE, path="a/Dockerfile")[:2] == (
        "a",
        "local",
    )


def test_settings_win():
    settings = {"contexts": {"a/Dockerfile": "./b/"}, "builder": "podman"}
    assert built(COPY_ALL, ROOT_COMPOSE, "b/x", path="a/Dockerfile", **settings) == (
        "b",
        "local",
        "podman",
        "the settings",
    )
    assert built(COPY_ALL, {}, path="a/Dockerfile", contexts={"a/Dockerfile": "."})[0] == ""


SEVERAL = "its sources are in several of the folders around it"
NONE = "its sources are in none of the folders around it"


@pytest.mark.parametrize(
    ("text", "files", "decided"),
    [
        ("FROM a\nRUN b", [], ("s/a", "local", "it has no sources")),
        ("FROM a\nCOPY s/a/x.py .", ["s/a/x.py"], ("", "local", "its sources")),
        ("FROM a\nCOPY a/x.py .", ["s/a/x.py"], ("s", "local", "its sources")),
        ("FROM a\nCOPY x*.py .", ["s/a/x.py"], ("s/a", "local", "its sources")),
        ("FROM a\nCOPY x.py .", ["s/a/y.py"], ("", "unknown", NONE)),
        ("FROM a\nCOPY . .", ["s/a/y.py"], ("", "unknown", SEVERAL)),
        ("FROM a\nCOPY . .", ["s/a/package.json"], ("s/a", "local", "its folder")),
        ("FROM a\nCOPY . .\nRUN cd s/a", ["s/a/package.json"], ("", "unknown", SEVERAL)),
        ("FROM a\nCOPY . .", ["s/a/package.json", "yarn.lock"], ("", "unknown", SEVERAL)),
        ("FROM a\nCOPY . .", ["s/a/package.json", "s/a/yarn.lock", "yarn.lock"],
         ("s/a", "local", "its folder")),
        ("FROM a\n# from s/a\nCOPY . .", ["s/a/go.mod"], ("s/a", "local", "its folder")),
        ("FROM a AS b\nFROM c\nCOPY --from=b /x .", [], ("s/a", "local", "it has no sources")),
        ("FROM a\nADD https://b/c /\nCOPY <<E /d\nE\n", [], ("s/a", "local", "it has no sources")),
        ("FROM a\nARG D=s/a\nCOPY $D/x.py .", ["s/a/x.py"], ("", "local", "its sources")),
        ("FROM a\nARG D\nCOPY $D/x.py .", ["s/a/x.py"], ("s/a", "local", "it has no sources")),
        ("FROM a\nRUN --mount=type=bind,source=a/x,target=/x true", ["s/a/x"],
         ("s", "local", "its sources")),
        ("FROM a\nRUN --mount=type=bind,from=b,source=q true", [],
         ("s/a", "local", "it has no sources")),
        ('FROM a\nCOPY ["s/[a]/x", "/"]', ["s/a/x"], ("", "local", "its sources")),
    ],
)  # fmt: skip
def test_else_the_sources_decide(text, files, decided):
    root, kind, _, reason = built(text, {}, *files, path="s/a/Dockerfile")
    assert (root, kind, reason) == decided


def test_a_folder_with_an_ignore_file_is_a_context():
    ignore = {"s/a/.dockerignore": "x"}
    assert built(COPY_ALL, ignore, path="s/a/Dockerfile")[::3] == ("s/a", "its folder")


def test_a_folder_with_the_signs_of_a_pattern_is_taken_as_it_is():
    files = ["app/[id]/x.py"]
    for source in ("x.py", "x*"):
        text = f"FROM a\nCOPY {source} ."
        assert built(text, {}, *files, path="app/[id]/Dockerfile")[0] == "app/[id]"


def test_texts_that_were_not_fetched_are_asked_for():
    tree = Repository(frozenset(["compose.yaml", "README.md", "src/a.py", "Dockerfile"]))
    find(tree, "Dockerfile", parse(COPY_ALL))
    assert tree.missing == {"compose.yaml"}


def test_dockerfiles_of_any_name_are_those_that_something_builds():
    text = "services: {a: {build: {context: ., dockerfile: images/web}}, b: {build: gone}}"
    assert named_dockerfiles(repository("images/web", compose__yml=text)) == frozenset()
    tree = Repository(frozenset(["images/web", "compose.yml"]), {"compose.yml": text})
    assert named_dockerfiles(tree) == {"images/web"}


@pytest.mark.parametrize(
    ("path", "named_so"),
    [
        ("Dockerfile", True), ("a/b/Dockerfile", True), ("dockerfile", True), ("Containerfile", True),
        ("Dockerfile.dev", True), ("Containerfile.x", True), ("web.Dockerfile", True),
        ("web.dockerfile", True), ("Dockerfile.dockerignore", False), ("Dockerfile.md", False),
        ("Dockerfile.j2", False), ("Dockerfile.tmpl", False), ("Dockerfiles", False),
        ("Dockerfile/README", False), ("docker.py", False), ("DOCKERFILE", False),
        ("x.Containerfile", False), ("Dockerfile-dev", False), ("Dockerfile.prod.j2", False),
    ],
)  # fmt: skip
def test_a_dockerfile_is_known_by_its_name(path, named_so):
    assert is_dockerfile(path) is named_so


@pytest.mark.parametrize(
    ("path", "named_so"),
    [
        (".dockerignore", True), ("a/.dockerignore", True), ("a/web.Dockerfile.dockerignore", True),
        ("dockerignore", False), (".dockerignore.bak", False), (".gitignore", False),
    ],
)  # fmt: skip
def test_an_ignore_file_is_known_by_its_name(path, named_so):
    assert is_ignore_file(path) is named_so

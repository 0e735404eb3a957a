import pytest

from rules.model.installs.install import Call
from rules.model.managers import MANAGERS, manager_of
from tests.rules.model.installs.image import Memory


@pytest.mark.parametrize(
    ("program", "name"),
    [("pip", "pip"), ("pip3.12", "pip"), ("mvnw", "maven"), ("gradlew", "gradle"), ("bundle", "bundler"),
     ("yarnpkg", "yarn"), ("apt-get", "apt"), ("micromamba", "conda"), ("rebar3", "rebar3"), ("Rscript", "renv")],
)  # fmt: skip
def test_a_manager_is_known_by_its_programs(program, name):
    manager = manager_of(program)
    assert manager is not None
    assert manager.name == name


@pytest.mark.parametrize("program", ["make", "", "3", "pipx", "node"])
def test_other_programs_are_no_managers(program):
    assert manager_of(program) is None


def test_names_and_programs_are_each_one_managers():
    assert len({manager.name for manager in MANAGERS}) == len(MANAGERS)
    programs = [program for manager in MANAGERS for program in manager.programs]
    assert len(set(programs)) == len(programs)


@pytest.mark.parametrize("manager", MANAGERS, ids=lambda manager: manager.name)
def test_every_manager_says_where_its_downloads_lie(manager):
    assert manager.caches
    for cache in manager.caches:
        assert cache.folder
        assert not cache.folder.endswith("/")
        assert all(not part.startswith("/") for part in cache.parts)


NAMES = """
    package.json package-lock.json .npmrc .yarnrc .yarnrc.yml yarn.lock pnpm-lock.yaml
    pnpm-workspace.yaml .pnpmfile.cjs bun.lock bunfig.toml deno.json deno.lock requirements.txt
    pyproject.toml uv.lock uv.toml poetry.toml Pipfile environment.yml go.mod go.work Cargo.toml
    .cargo/config.toml pom.xml .mvn/maven.config build.gradle settings.gradle build.sbt project.clj
    Gemfile Gemfile.lock .bundle/config composer.json a.csproj nuget.config mix.exs
    config/config.exs rebar.config Package.swift pubspec.yaml renv.lock .Rprofile a.cabal
    cabal.project stack.yaml conanfile.py conanfile.txt schema.prisma
""".split()
JUNK = [
    "", "{", "[]", "null", "5", "<a>", "<a><module/><ProjectReference/></a>", "a: [1]", "- a", "\0", "=", "x\n(\n)\n",
    '{"dependencies": 5, "workspaces": {"packages": 3}, "scripts": [], "bin": 4, "pnpm": [], "config": 1}',
    '{"scripts": {"install": 5, "postinstall": ""}, "dependencies": {"a": null}, "repositories": [4], "autoload": 1}',
    "[project]\ndynamic = 3\n[tool]\nuv = 4\npoetry = []\npdm = 1\n[workspace]\nmembers = 3\n[dependencies]\na = 1\n",
    "project = 1\ntool = []\npackage = 2\nworkspace = 'x'\nlib = 3\nbin = [1]\n",
    "source = 5\nbin = 3\n[package]\nname = 1\n[project]\nname = 'a'\n[tool.uv]\nindex = 5\n[tool.pdm]\nsource = 4\n",
    "packages: 5\ndependencies: 3\noverrides: [1]\nplugins: 4\nnodeLinker: [x]\nextra-deps: 1\n",
]  # fmt: skip
COMMANDS = """
    install|ci|i|add a|sync|sync --locked|fetch|env create|restore|publish|build|deps.get|
    do deps.get, deps.compile|package resolve|pub get|mod download|build ./...|install tool|update|
    dependency:go-offline|package|dependencies|deps|get-deps|chef cook|install -r requirements.txt|
    pip install -r requirements.txt|pip install .|config set a b|build --only-dependencies|
    install . -of x|install --prefix|-C|--|-f|install -e|tool restore|-e renv::restore()|-e x|
""".replace("\n", "").split("|")


@pytest.mark.parametrize("manager", MANAGERS, ids=lambda manager: manager.name)
def test_no_call_and_no_manifest_makes_a_manager_fail(manager):
    for junk in JUNK:
        image = Memory({f"/app/{name}": junk for name in NAMES})
        for command in COMMANDS:
            words = tuple(command.split())
            for program in ("", f"./{manager.programs[-1]}"):
                reads = manager.read(Call(words, "/app", program), image)
                assert reads is None or reads.project or reads.needs_source is None

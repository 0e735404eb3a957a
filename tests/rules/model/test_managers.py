import pytest

from rules.model.managers import MANAGERS, manager_of


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

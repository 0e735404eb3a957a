"""poetry: `poetry install` and `poetry sync` (https://python-poetry.org/docs/cli/#install)."""

from typing import Any

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    Split,
    join,
    source_install,
    split_options,
    tool_install,
)
from rules.model.installs.python import project_table, refuse_dynamic_dependencies
from rules.model.installs.reading import (
    following,
    here,
    mapping,
    reads_files,
    table,
    toml_table,
)

_VALUED = frozenset("-C --directory -P --project --with --without --only -E --extras".split())
_ITSELF = "it installs the project itself, which its build back end reads"


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `poetry install` and `poetry sync`."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    if arguments[:2] == ["self", "add"] and arguments[2:]:
        return tool_install()
    if arguments[:1] in (["add"], ["update"], ["build"]):
        return source_install(f"`poetry {arguments[0]}` works on the project itself")
    if arguments[:1] not in (["install"], ["sync"]):
        return None
    places = ("-C", "--directory", "-P", "--project")
    folder = next((call.at(value) for name, value in options if name in places), call.folder)
    document = project_table(image, folder)
    said = table(document, "tool", "poetry")
    local = _local_packages(said)
    if local and "--no-directory" not in names:
        return source_install("it installs a package among the project's own files")
    if local and "--no-directory" in names and not here(image, folder, "poetry.lock"):
        return source_install("it reads a package among the project's own files")
    refuse_dynamic_dependencies({"project": _without_groups(document, said)})
    files = [join(folder, "pyproject.toml"), *here(image, folder, "poetry.lock", "poetry.toml")]
    found = reads_files(image, files, _environment(call, image, folder))
    alone = names & {"--no-root", "--only-root"} == {"--no-root"}
    if alone or said.get("package-mode") is False:
        return found
    split = Split((call.program or "poetry", *call.words, "--no-root"), found)
    return source_install(_ITSELF, None if "--only-root" in names else split)


def _without_groups(document: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Poetry takes dynamic dependencies from its own tables (from 2 on)."""
    project = mapping(document.get("project"))
    return {} if "dependencies" in said else project


def _local_packages(said: dict[str, Any]) -> bool:
    """Whether a dependency has a path (https://python-poetry.org/docs/dependency-specification/)."""
    tables = [table(said, "dependencies"), table(said, "dev-dependencies")]
    groups = mapping(said.get("group")).values()
    tables += [table(mapping(group), "dependencies") for group in groups]
    return any(
        {"path", "file"} & mapping(choice).keys()
        for group in tables
        for value in group.values()
        for choice in (value if isinstance(value, list) else [value])
    )


def _environment(call: Call, image: Image, folder: str) -> tuple[str, ...]:
    """The virtual environment, which is in the project when told so, or when one stands there.

    https://python-poetry.org/docs/configuration/#virtualenvsin-project
    """
    said: dict[str, Any] = {}
    if here(image, folder, "poetry.toml"):
        said = table(toml_table(image, join(folder, "poetry.toml")), "virtualenvs")
    created = call.environment.get("POETRY_VIRTUALENVS_CREATE", str(said.get("create", "true")))
    if created is not None and created.lower() in ("false", "0"):
        return ()
    inside = call.environment.get("POETRY_VIRTUALENVS_IN_PROJECT", str(said.get("in-project", "")))
    if inside is not None and inside.lower() in ("false", "0"):
        return ()
    return (join(folder, ".venv"),)


POETRY = Manager(
    name="poetry",
    programs=("poetry",),
    read=read,
    caches=(
        Cache(
            folder=".cache/pypoetry",
            variables=(("POETRY_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/pypoetry")),
            parts=("cache", "artifacts"),  # virtual environments lie beside these
            purges=("--no-cache",),
            cleaned_by=("poetry cache clear",),
            moved_by=("poetry config cache-dir",),
        ),
    ),
    free=frozenset(
        "--only --with --without -E --extras --only= --with= --without= --extras=".split()
    ),
)
"""https://python-poetry.org/docs/configuration/#cache-dir"""

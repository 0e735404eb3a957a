"""uv: `uv sync` and `uv pip install`.

https://docs.astral.sh/uv/concepts/projects/sync/ and https://docs.astral.sh/uv/pip/packages/
"""

from dataclasses import replace
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
from rules.model.installs.pip import follow, requirement_roots
from rules.model.installs.python import (
    dynamic_fields,
    project_table,
    refuse_dynamic_dependencies,
)
from rules.model.installs.reading import (
    NeedsSourceError,
    chosen,
    following,
    here,
    is_url,
    mapping,
    nearest,
    reads_files,
    strings,
    table,
    tables,
    toml_table,
    upward,
)

_VALUED = frozenset(
    "--extra --no-extra --group --no-group --only-group --package --python -p --directory "
    "--project --config-file --index --default-index --index-url -i --extra-index-url --find-links "
    "-f --no-binary-package --no-build-package --no-install-package --refresh-package "
    "--reinstall-package --upgrade-package -P --resolution --prerelease --fork-strategy "
    "--exclude-newer --link-mode --config-setting -C --no-build-isolation-package --color "
    "--allow-insecure-host --keyring-provider --index-strategy --cache-dir --python-platform "
    "--script -r --requirement --requirements -c --constraint --constraints --override --overrides "
    "-b --build-constraint --build-constraints -e --editable --target -t --prefix --python-version "
    "--no-binary --only-binary --torch-backend --with --with-requirements --from "
    "--exclude --excludes".split()
)
_SPELLED = {
    "--requirements": "-r",
    "--constraints": "-c",
    "--build-constraints": "-c",
    "--build-constraint": "-c",
    "-b": "-c",
    "--override": "-c",
    "--overrides": "-c",
    "--exclude": "-c",
    "--excludes": "-c",
}
_MOVING = "UV_PROJECT UV_WORKING_DIRECTORY UV_CONFIG_FILE UV_CONSTRAINT UV_OVERRIDE".split()
_MOVING += "UV_BUILD_CONSTRAINT UV_FIND_LINKS UV_EXCLUDE".split()
_ITSELF = "it installs the project itself, which its build back end reads"


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `uv sync`, `uv pip install`, `uv pip sync` and `uv tool install`."""
    options, arguments = split_options(call.words, _VALUED)
    nested = arguments[:1] in (["pip"], ["tool"], ["python"])
    verb = " ".join(arguments[: 2 if nested else 1])
    if verb in ("run", "build", "add", "lock"):
        return source_install(f"`uv {verb}` works on the project itself")
    if verb == "python install" and arguments[2:]:
        return tool_install()
    if verb not in ("sync", "pip install", "pip sync", "tool install"):
        return None
    if call.sets(*_MOVING) or "--config-file" in dict(options) or "--script" in dict(options):
        return source_install("it reads settings that are not followed")
    places = [value for name, value in options if name in ("--directory", "--project")]
    folder = call.at(places[0]) if places else call.folder
    if verb == "sync":
        found = _sync(call, image, folder, options)
    else:
        at = Call(call.words, folder, call.program, call.environment)
        found = _pip(at, image, options, arguments[2:], files_named=verb == "pip sync")
    linked = dict(options).get("--link-mode", call.environment.get("UV_LINK_MODE", ""))
    if linked in ("symlink", None):
        why = "the program reads its packages from the cache"
        found = replace(found, caches=(replace(UV.cache, refused=why),))
    return found


# uv pip.


def _pip(
    call: Call,
    image: Image,
    options: list[tuple[str, str]],
    arguments: list[str],
    *,
    files_named: bool,
) -> Reads:
    """Read for `uv pip`; it takes `[tool.uv]` from around it too.

    https://docs.astral.sh/uv/concepts/configuration-files/
    """
    asked = [(_SPELLED.get(name, name), value) for name, value in options]
    if files_named:
        asked += [("-r", value) for value in arguments]
        arguments = []
    requirements = []
    for path in requirement_roots(call, asked, arguments):
        if path.endswith((".toml", ".py", ".cfg")):
            if not path.endswith("/pyproject.toml"):
                raise NeedsSourceError("it reads its requirements from the source")
            document = project_table(image, path.removesuffix("/pyproject.toml") or "/")
            refuse_dynamic_dependencies(document)
            if table(document, "tool", "uv").get("sources"):
                raise NeedsSourceError("`pyproject.toml` has sources that are not followed")
            requirements.append(path)
        else:
            requirements += follow(image, [path])
    requirements += _settings(image, call.folder)
    moved = [call.at(v) for n, v in options if n in ("--target", "-t", "--prefix")]
    if not requirements:
        return tool_install(tuple(moved))
    return reads_files(image, requirements, moved)


def _settings(image: Image, folder: str) -> list[str]:
    """The closest `uv.toml`, or pyproject.toml with a `tool.uv`, whose values are addresses."""
    for place in upward(folder):
        for path in here(image, place, "uv.toml", "pyproject.toml"):
            document = toml_table(image, path)
            said = document if path.endswith("uv.toml") else table(document, "tool").get("uv")
            if isinstance(said, dict):
                _refuse_folders(said)
                return [path]
    return []


def _refuse_folders(said: dict[str, Any]) -> None:
    """Indexes in folders, and settings of `uv pip` that name files."""
    urls = [index.get("url") for index in tables(said.get("index"))]
    urls += [*strings(said.get("find-links")), *strings(mapping(said.get("pip")).get("find-links"))]
    if not all(isinstance(url, str) and is_url(url) for url in urls):
        raise NeedsSourceError("its settings name a folder of packages")


# uv sync.


def _sync(call: Call, image: Image, folder: str, options: list[tuple[str, str]]) -> Reads:
    names = {name for name, _ in options}
    place = nearest(image, folder, "pyproject.toml")
    if place is None:
        raise NeedsSourceError("`pyproject.toml` does not come from the build context")
    root = _workspace(image, place)
    frozen = "--frozen" in names or call.sets("UV_FROZEN")
    members = _members(image, root)
    files = [join(root, "pyproject.toml"), *here(image, root, "uv.lock", "uv.toml")]
    files += [join(member, "pyproject.toml") for member in members]
    chosen_python = nearest(image, folder, ".python-version", ".python-versions")
    files += here(image, chosen_python or root, ".python-version", ".python-versions")
    files += [path for path in _settings(image, place) if path not in files]
    skipped = _skipped(names, members)
    reason = None
    for member in dict.fromkeys([root, place, *members]):
        document = project_table(image, member)
        _refuse_folders(table(document, "tool", "uv"))
        _refuse_sources(document, local="--no-install-local" in names)
        refuse_dynamic_dependencies(document)
        if not _is_package(document):
            continue
        if dynamic_fields(document) and not frozen:
            raise NeedsSourceError("it may build the project to learn its version")
        reason = reason or (None if skipped else _ITSELF)
    writes = _environment(call, root)
    found = reads_files(image, files, writes)
    if reason is None:
        return found
    option = "--no-install-workspace" if members else "--no-install-project"
    words = (call.program or "uv", *call.words, option)
    return source_install(reason, Split(words, found))


def _skipped(names: set[str], members: list[str]) -> bool:
    """Whether no package of the project is installed."""
    if names & {"--no-install-workspace", "--no-install-local", "--only-group", "--only-dev"}:
        return True
    return "--no-install-project" in names and not members


def _workspace(image: Image, place: str) -> str:
    """The folder whose workspace has `place` as a member, else `place`.

    https://docs.astral.sh/uv/concepts/projects/workspaces/
    """
    for folder in upward(place):
        if here(image, folder, "pyproject.toml") and place in [folder, *_members(image, folder)]:
            document = toml_table(image, join(folder, "pyproject.toml"))
            if folder != place or "workspace" in table(document, "tool", "uv"):
                return folder
    return place


def _members(image: Image, root: str) -> list[str]:
    said = table(toml_table(image, join(root, "pyproject.toml")), "tool", "uv", "workspace")
    patterns = strings(said.get("members")) + ["!" + p for p in strings(said.get("exclude"))]
    found = chosen(image, root, "pyproject.toml", patterns)
    return [folder for folder in found if folder != root]


def _is_package(document: dict[str, Any]) -> bool:
    """Whether it is told to be built, or has a build back end.

    https://docs.astral.sh/uv/concepts/projects/config/#project-packaging
    """
    told = table(document, "tool", "uv").get("package")
    return told if isinstance(told, bool) else "build-system" in document


def _refuse_sources(document: dict[str, Any], *, local: bool) -> None:
    for source in table(document, "tool", "uv", "sources").values():
        for choice in source if isinstance(source, list) else [source]:
            if "path" in mapping(choice):
                why = "reads" if local else "installs"
                raise NeedsSourceError(f"it {why} a package among the project's own files")


def _environment(call: Call, root: str) -> tuple[str, ...]:
    """Name the folder of the virtual environment.

    https://docs.astral.sh/uv/concepts/projects/config/#project-environment-path
    """
    folder = call.environment.get("UV_PROJECT_ENVIRONMENT", ".venv")
    if folder is None:
        raise NeedsSourceError("the folder of the environment is not known")
    return (join(root, folder or ".venv"),)


UV = Manager(
    name="uv",
    programs=("uv",),
    read=read,
    caches=(
        Cache(
            folder=".cache/uv",
            variables=(("UV_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/uv")),
            options=("--cache-dir",),
            disabled_by=("UV_NO_CACHE",),
            purges=("--no-cache", "--no-cache-dir", "-n"),
            cleaned_by=("uv cache clean", "uv cache prune"),
            not_for=("python", "self"),
            offline=("--offline",),
        ),
    ),
    free=frozenset(
        "--extra --group --no-group --only-group --index-url --extra-index-url "
        "--default-index --python -p --extra= --group= --index-url=".split()
    ),
)
"""https://docs.astral.sh/uv/concepts/cache/ (safe for several at once, the same page)"""

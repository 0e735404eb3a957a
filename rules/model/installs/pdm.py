"""pdm: `pdm install` and `pdm sync` (https://pdm-project.org/latest/reference/cli/#install)."""

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
)
from rules.model.installs.pip import refuse_local
from rules.model.installs.python import (
    dynamic_fields,
    project_table,
    refuse_dynamic_dependencies,
)
from rules.model.installs.reading import (
    NeedsSourceError,
    following,
    here,
    mapping,
    nearest,
    reads_files,
    strings,
    table,
    tables,
)

_VALUED = frozenset(
    "-p --project -c --config -G --group --with --without -L --lockfile --venv --override "
    "--config-setting -C -x --exclude-newer -k --skip --log-file".split()
)
_HOOKS = frozenset("pre_install post_install pre_sync post_sync pre_lock post_lock".split())
_ITSELF = "it installs the project itself, which its build back end reads"


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `pdm install` and `pdm sync`."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    if arguments[:1] in (["add"], ["update"], ["build"]):
        return source_install(f"`pdm {arguments[0]}` works on the project itself")
    if arguments[:1] not in (["install"], ["sync"]):
        return None
    if names & {"-c", "--config", "-L", "--lockfile", "--override"}:
        return source_install("it reads settings that are not followed")
    said = [call.at(value) for name, value in options if name in ("-p", "--project")]
    folder = said[0] if said else nearest(image, call.folder, "pyproject.toml") or call.folder
    document = project_table(image, folder)
    settings = table(document, "tool", "pdm")
    _refuse_hooks(settings, join(folder, "pyproject.toml"))
    refuse_dynamic_dependencies(document)
    files = [join(folder, "pyproject.toml")]
    files += here(image, folder, "pdm.lock", "pdm.toml", ".pdm.toml", ".python-version")
    writes = [join(folder, name) for name in (".venv", "__pypackages__", ".pdm-python")]
    found = reads_files(image, files, writes)
    if call.sets("PDM_INSTALL_CACHE"):
        why = "the environment may link to the packages in the cache"
        found = replace(found, caches=(replace(PDM.cache, refused=why),))
    if "--no-self" in names or settings.get("distribution") is False:
        return found
    if dynamic_fields(document) and not here(image, folder, "pdm.lock"):
        return source_install("it may build the project to learn its version")
    return source_install(_ITSELF, Split((call.program or "pdm", *call.words, "--no-self"), found))


def _refuse_hooks(settings: dict[str, Any], path: str) -> None:
    """Refuse scripts around an install (https://pdm-project.org/latest/usage/hooks/)."""
    if mapping(settings.get("scripts")).keys() & _HOOKS or settings.get("plugins"):
        raise NeedsSourceError("a hook of pdm may read the source")
    for group in mapping(settings.get("dev-dependencies")).values():
        for requirement in strings(group):
            bare = requirement.removeprefix("-e ").strip()
            refuse_local(bare, path)
    for source in tables(settings.get("source")):
        if "://" not in str(source.get("url", "")) or source.get("type") == "find_links":
            raise NeedsSourceError("its settings name a folder of packages")


PDM = Manager(
    name="pdm",
    programs=("pdm",),
    read=read,
    caches=(
        Cache(
            folder=".cache/pdm",
            variables=(("PDM_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/pdm")),
            cleaned_by=("pdm cache clear",),
            moved_by=("pdm config cache_dir",),
        ),
    ),
    free=frozenset("-G --group --with --without".split()),
)
"""https://pdm-project.org/latest/reference/configuration/ (`cache_dir`)"""

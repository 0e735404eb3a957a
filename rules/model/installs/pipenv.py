"""pipenv: `pipenv install` and `pipenv sync` (https://pipenv.pypa.io/en/latest/commands.html)."""

import posixpath

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    join,
    source_install,
    split_options,
)
from rules.model.installs.pip import PIP_CACHE, is_local
from rules.model.installs.reading import (
    NeedsSourceError,
    following,
    is_url,
    mapping,
    nearest,
    reads_files,
    tables,
    toml_table,
)

_VALUED = frozenset(
    "-e --editable -r --requirements -i --index --python --categories --extra-pip-args "
    "--pypi-mirror --lock-only".split()
)
_OTHER = frozenset(["source", "requires", "scripts", "pipenv"])


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `pipenv install` and `pipenv sync`."""
    options, arguments = split_options(call.words, _VALUED)
    if arguments[:1] not in (["install"], ["sync"]):
        return None
    if arguments[1:] or {"-e", "--editable", "-r", "--requirements"} & dict(options).keys():
        return source_install("it adds packages to the project's own manifest")
    named = call.environment.get("PIPENV_PIPFILE", "")
    if named is None:
        return source_install("the file that PIPENV_PIPFILE names is not known")
    folder = nearest(image, call.folder, "Pipfile") or call.folder
    manifest = call.at(named) if named else join(folder, "Pipfile")
    _refuse_local(image, manifest)
    folder = posixpath.dirname(manifest)
    inside = call.environment.get("PIPENV_VENV_IN_PROJECT", "")
    writes = [join(folder, ".venv")] if inside is None or inside not in ("0", "false") else []
    if "--system" in dict(options):
        writes = []
    return reads_files(image, [manifest, manifest + ".lock"], writes)


def _refuse_local(image: Image, path: str) -> None:
    """Refuse packages among the project's own files.

    https://pipenv.pypa.io/en/latest/pipfile.html
    """
    for name, group in toml_table(image, path).items():
        if name == "source":
            urls = [source.get("url") for source in tables(group)]
            if not all(isinstance(url, str) and is_url(url) for url in urls):
                raise NeedsSourceError("`Pipfile` names a folder of packages")
        if name in _OTHER:
            continue
        for value in mapping(group).values():
            file = mapping(value).get("file", "")
            if "path" in mapping(value) or (file and not is_url(str(file))) or _is_path(value):
                raise NeedsSourceError("`Pipfile` has a package among its own files")


def _is_path(value: object) -> bool:
    return isinstance(value, str) and is_local(value)


PIPENV = Manager(
    name="pipenv",
    programs=("pipenv",),
    read=read,
    caches=(
        Cache(
            folder=".cache/pipenv",
            variables=(("PIPENV_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/pipenv")),
            purges=("--clear",),
            cleaned_by=("pipenv --clear",),
        ),
        PIP_CACHE,
    ),
)
"""https://pipenv.pypa.io/en/latest/configuration.html (`PIPENV_CACHE_DIR`)"""

"""pip: `pip install -r requirements.txt`, and what such a file names in turn.

https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

import posixpath
from collections.abc import Callable, Iterable

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    join,
    source_install,
    split_options,
    tool_install,
)
from rules.model.installs.reading import (
    NeedsSourceError,
    following,
    is_url,
    named,
    reads_files,
    required,
    table,
    toml_table,
)
from rules.model.manifests import is_manifest
from rules.model.prose import code

MAX_FILES = 12
MAX_HASHED = 1024 * 1024
"""Characters of a requirements file; hashes make them long."""

_VALUED = frozenset(
    "-r --requirement -c --constraint -e --editable -t --target -i --index-url --extra-index-url "
    "-f --find-links --trusted-host --timeout --retries --proxy --cert --client-cert --cache-dir "
    "--prefix --root --platform --python-version --implementation --abi --progress-bar "
    "--no-binary --only-binary --upgrade-strategy --src --log --report --exists-action "
    "--global-option --config-settings -C --python --use-feature --use-deprecated --group "
    "--root-user-action --keyring-provider --build-constraint --build-option -w --wheel-dir -d "
    "--dest --uploaded-prior-to".split()
)
_DEPENDENCIES_FIRST = (
    "The dependencies that `pyproject.toml` names, installed from a list of their own before the "
    "source, would stay."
)
_ONE_OF_SEVERAL = "The files that name what it installs could be copied before the source."
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz")
_MOVED = ("-t", "--target", "--prefix", "--root", "--src", "-w", "--wheel-dir", "-d", "--dest")


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `pip install`, and `pip wheel` and `pip download`, which stop before installing."""
    options, arguments = split_options(call.words, _VALUED)
    if arguments[:1] not in (["install"], ["wheel"], ["download"]):
        return None
    if call.sets("PIP_REQUIREMENT", "PIP_CONFIG_FILE", "PIP_EDITABLE", "PIP_FIND_LINKS"):
        return source_install("variables of pip name files that are not followed")
    moved = tuple(call.at(value) for name, value in options if name in _MOVED and value)
    roots = requirement_roots(call, options, arguments[1:], lambda path: _apart(call, image, path))
    limit = call.environment.get("PIP_CONSTRAINT", "")
    if limit is None or (limit and " " in limit):
        return source_install("the file that PIP_CONSTRAINT names is not known")
    if limit and not is_url(limit):
        roots.append(call.at(limit))
    if not roots:
        return tool_install(moved)
    return reads_files(image, follow(image, roots), moved)


def requirement_roots(
    call: Call,
    options: Iterable[tuple[str, str]],
    arguments: Iterable[str],
    instead: Callable[[str], str | None] = lambda _path: None,
) -> list[str]:
    """The local files of `-r` and `-c`; raises NeedsSourceError when a package is local.

    `instead` says of a local package how its dependencies could come before it.
    """
    roots = []
    for given, said in options:
        name, value = given, said
        if given[:2] in ("-r", "-c", "-e", "-f") and len(given) > 2:
            name, value = given[:2], given[2:]  # `-rfile` is `-r file`
        if name in ("-e", "--editable") and not is_url(value):
            raise NeedsSourceError("`-e` installs the project itself", instead(value))
        if name == "--group":
            raise NeedsSourceError("`--group` reads pyproject.toml in ways that are not followed")
        if name in ("-f", "--find-links") and not is_url(value):
            raise NeedsSourceError("`--find-links` finds packages in a folder")
        files = ("-r", "--requirement", "-c", "--constraint", "--build-constraint")
        if name in files and not is_url(value):
            roots.append(call.at(value))
    for argument in arguments:
        if is_local(argument):
            why = "it installs a package from the project's own files"
            raise NeedsSourceError(why, instead(argument))
    return roots


def _apart(call: Call, image: Image, path: str) -> str | None:
    """How the dependencies of a package among the project's files could come before it, if any."""
    manifest = join(call.at(path.partition("[")[0]), "pyproject.toml")
    if "--no-deps" in call.words or not image.has(manifest):
        return None
    try:
        names = table(toml_table(image, manifest), "project").get("dependencies")
    except NeedsSourceError:
        return None
    return _DEPENDENCIES_FIRST if names else None


def follow(image: Image, roots: Iterable[str]) -> list[str]:
    """All requirements files that these name, themselves included."""
    waiting = list(roots)
    seen: list[str] = []
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        if len(seen) == MAX_FILES:
            raise NeedsSourceError(f"more than {MAX_FILES} requirements files belong to it")
        seen.append(path)
        if "$" in path and any(map(is_manifest, image.below(posixpath.dirname(path)))):
            raise NeedsSourceError(f"{named(path)} is one of several", _ONE_OF_SEVERAL)
        for line in _logical_lines(required(image, path, MAX_HASHED)):
            try:
                waiting += _named_by(line, posixpath.dirname(path))
            except NeedsSourceError as reason:
                raise NeedsSourceError(f"{named(path)} {reason}") from None
    return seen


def _logical_lines(text: str) -> list[str]:
    """Requirement lines: continuations joined, comments and blanks gone."""
    lines, held = [], ""
    for line in text.split("\n"):
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            held += line[:-1]
            continue
        whole, held = held + line, ""
        # A comment starts at the line's start or after a blank.
        for blank in (" #", "\t#"):
            whole = whole.partition(blank)[0]
        whole = whole.strip()
        if whole and not whole.startswith("#"):
            lines.append(whole)
    return [*lines, held.strip()] if held.strip() else lines


def _named_by(line: str, folder: str) -> list[str]:
    """Files that one requirement line names."""
    if "${" in line and not is_url(line.partition(" ")[2] or line):
        raise NeedsSourceError("takes a name from the environment")
    for option in ("--requirement", "--constraint", "-r", "-c"):
        if line.startswith(option):
            value = line[len(option) :].lstrip("= \t").strip("\"'")
            return [] if is_url(value) else [join(folder, value)]
    value = line.partition(" ")[2].strip() or line.partition("=")[2].strip()
    if line.startswith(("-e", "--editable")):
        if not is_url(value):
            raise NeedsSourceError("installs a folder of the project (`-e`)")
        return []
    if line.startswith(("-f", "--find-links")) and not is_url(value):
        raise NeedsSourceError("finds packages in a folder of the project")
    if line.startswith("-"):
        return []
    bare = line.partition(";")[0].partition(" --")[0].strip()
    _, at, target = bare.partition("@")
    if is_local(bare) or (at and is_local(target.strip())):
        raise NeedsSourceError("names a package among the project's own files")
    return []


def is_local(requirement: str) -> bool:
    """Whether a requirement names a file or folder rather than a package or an address."""
    if is_url(requirement):
        return False
    bare = requirement.partition("[")[0]
    return (
        requirement.startswith((".", "/", "~", "file:"))
        or "/" in bare
        or "\\" in bare
        or bare.endswith(_ARCHIVES)
    )


def refuse_local(requirement: str, path: str) -> None:
    """Raise NeedsSourceError when a requirement of a manifest is among the project's files."""
    bare = requirement.partition(";")[0].strip()
    _, at, target = bare.partition("@")
    if is_local(bare) or (at and is_local(target.strip())):
        raise NeedsSourceError(f"{named(path)} names {code(bare)} among the project's own files")


PIP_CACHE = Cache(
    folder=".cache/pip",
    variables=(("PIP_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/pip")),
    options=("--cache-dir",),
    disabled_by=("PIP_NO_CACHE_DIR",),
    purges=("--no-cache-dir",),
    not_with=("--target", "-t"),
    cleaned_by=("pip cache purge", "pip cache remove"),
    moved_by=("pip config",),
)
"""https://pip.pypa.io/en/stable/topics/caching/"""

PIP = Manager(
    name="pip",
    programs=("pip", "pip3"),
    read=read,
    caches=(PIP_CACHE,),
    free=frozenset(
        "-i --index-url --extra-index-url --trusted-host --timeout --retries --proxy "
        "--index-url= --extra-index-url= --trusted-host= --timeout=".split()
    ),
)

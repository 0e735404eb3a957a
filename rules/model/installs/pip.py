"""pip: `pip install -r requirements.txt`, and what such a file names in turn.

https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

import posixpath

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    source_install,
    split_options,
    tool_install,
)

MAX_FILES = 12

_VALUED = frozenset(
    "-r --requirement -c --constraint -e --editable -t --target -i --index-url --extra-index-url "
    "-f --find-links --trusted-host --timeout --retries --proxy --cert --client-cert --cache-dir "
    "--prefix --root --platform --python-version --implementation --abi --progress-bar "
    "--no-binary --only-binary --upgrade-strategy --src --log --report --exists-action "
    "--global-option --config-settings -C --python --use-feature --use-deprecated --group "
    "--root-user-action --keyring-provider --build-constraint".split()
)
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz")


def read(call: Call, image: Image) -> Reads | None:
    """What `pip install …` reads."""
    options, arguments = split_options(call.words, _VALUED)
    if arguments[:1] != ["install"]:
        return None
    if any(name in ("-e", "--editable") for name, _ in options):
        return source_install("`-e` installs the project itself")
    for argument in arguments[1:]:
        if _is_local(argument):
            return source_install("it installs a package from the project's own files")
    if any(name == "--group" for name, _ in options):
        return source_install("`--group` reads pyproject.toml in ways that are not followed")
    roots = [value for name, value in _with_joined(options) if name in ("-r", "--requirement")]
    limits = [value for name, value in _with_joined(options) if name in ("-c", "--constraint")]
    local = [call.at(value) for value in [*roots, *limits] if not _is_url(value)]
    if not local:
        return tool_install(_writes(call, options))
    return _follow(local, call, image, _writes(call, options))


def _with_joined(options: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """`-rfile` is `-r file`."""
    return [
        (name[:2], name[2:]) if name[:2] in ("-r", "-c") and len(name) > 2 else (name, value)
        for name, value in options
    ]


def _writes(call: Call, options: list[tuple[str, str]]) -> tuple[str, ...]:
    moved = ("-t", "--target", "--prefix", "--root", "--src")
    return tuple(call.at(value) for name, value in options if name in moved and value)


def _follow(roots: list[str], call: Call, image: Image, writes: tuple[str, ...]) -> Reads:
    """All files that the requirements files name, or why they cannot all be named."""
    waiting = list(roots)
    seen: list[str] = []
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        if len(seen) == MAX_FILES:
            return source_install(f"more than {MAX_FILES} requirements files belong to it")
        text = image.text(path)
        if text is None:
            name = posixpath.basename(path)
            return source_install(f"`{name}` does not come from the build context as a text file")
        seen.append(path)
        for line in _logical_lines(text):
            named, reason = _named_by(line, path, call)
            if reason is not None:
                return source_install(f"`{posixpath.basename(path)}` {reason}")
            waiting += named
    return Reads(project=True, files=tuple(seen), writes=writes)


def _logical_lines(text: str) -> list[str]:
    """Requirement lines: continuations joined, comments and blanks gone."""
    lines, held = [], ""
    for line in text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"):
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            held += line[:-1]
            continue
        whole = held + line
        held = ""
        # A comment starts at the line's start or after a blank.
        for blank in (" #", "\t#"):
            whole = whole.partition(blank)[0]
        whole = whole.strip()
        if whole and not whole.startswith("#"):
            lines.append(whole)
    return [*lines, held.strip()] if held.strip() else lines


def _named_by(line: str, path: str, call: Call) -> tuple[list[str], str | None]:
    """Files that one requirement line names, or why it needs the source."""
    if "${" in line and not _is_url(line.partition(" ")[2] or line):
        return [], "takes a name from the environment"
    folder = posixpath.dirname(path)
    for option in ("--requirement", "--constraint", "-r", "-c"):
        if line.startswith(option):
            value = line[len(option) :].lstrip("= \t")
            if _is_url(value):
                return [], None
            return [posixpath.normpath(posixpath.join(folder, value))], None
    if line.startswith(("-e", "--editable")):
        value = line.partition(" ")[2].strip()
        if _is_url(value) and not value.startswith("file:"):
            return [], None
        return [], "installs a folder of the project (`-e`)"
    if line.startswith(("-f", "--find-links")):
        value = line.partition(" ")[2].strip() or line.partition("=")[2].strip()
        return ([], None) if _is_url(value) else ([], "finds packages in a folder of the project")
    if line.startswith("-"):
        return [], None
    name, at, target = line.partition("@")
    if _is_local(line.split(";")[0].strip()) or (at and _is_local(target.split(";")[0].strip())):
        return [], "names a package among the project's own files"
    return [], None


def _is_url(value: str) -> bool:
    scheme, found, _ = value.partition("://")
    return bool(found) and scheme.lower() != "file"


def _is_local(requirement: str) -> bool:
    """Whether a requirement names a file or folder rather than a package or an address."""
    if _is_url(requirement):
        return False
    bare = requirement.partition("[")[0]
    return (
        requirement.startswith((".", "/", "~", "file:"))
        or "/" in bare
        or "\\" in bare
        or bare.endswith(_ARCHIVES)
    )


PIP_CACHE = Cache(
    folder=".cache/pip",
    variables=(("PIP_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/pip")),
    options=("--cache-dir",),
    disabled_by=("PIP_NO_CACHE_DIR",),
    purges=("--no-cache-dir",),
    cleaned_by=("pip cache purge", "pip cache remove"),
)
"""https://pip.pypa.io/en/stable/topics/caching/"""

PIP = Manager(
    name="pip",
    programs=("pip", "pip3"),
    read=read,
    caches=(PIP_CACHE,),
)

"""Haskell: dependencies alone with cabal or stack.

https://cabal.readthedocs.io/en/stable/cabal-commands.html and https://docs.haskellstack.org/
"""

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
    tool_install,
)
from rules.model.installs.reading import (
    NeedsSourceError,
    following,
    here,
    matches,
    named,
    nearest,
    reads_files,
    required,
    split_off,
    strings,
    yaml_table,
)

_COMPILES = "it compiles the source when it has built its dependencies"
_CABAL_BY_HAND = "`cabal build --only-dependencies` with the project files alone can go first."
_STACK_BY_HAND = "`stack build --only-dependencies` with the project files alone can go first."
_ONLY = frozenset(["--only-dependencies", "--dependencies-only", "--only-snapshot"])
_VALUED = frozenset(
    "--stack-yaml --project-file --resolver --work-dir -j --flag --ghc-options".split()
)
_BUILDING = frozenset("build install v2-build new-build v2-install test run".split())


@following
def read_cabal(call: Call, image: Image) -> Reads | None:
    """Read `cabal update` and `cabal build --only-dependencies`."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    if arguments[:1] in (["update"], ["v2-update"]):
        return tool_install()
    if not arguments or arguments[0] not in _BUILDING:
        return None
    if not names & _ONLY:
        first = split_off(read_cabal, call, image, *call.words, "--only-dependencies")
        return source_install(_COMPILES, first, _CABAL_BY_HAND)
    if "--project-file" in names:
        return source_install("it reads a project file that is not followed")
    root = nearest(image, call.folder, "cabal.project") or call.folder
    files = here(image, root, "cabal.project", "cabal.project.local", "cabal.project.freeze")
    found = _packages(image, root) if here(image, root, "cabal.project") else []
    found = found or _in_folder(image, root)
    for path in found:
        if "custom" in required(image, path).lower().partition("build-type:")[2].split("\n")[0]:
            raise NeedsSourceError("a package has a set-up of its own")
    if not found:
        raise NeedsSourceError("no `.cabal` file comes from the build context")
    return reads_files(image, [*files, *found], (join(root, "dist-newstyle"),))


def _in_folder(image: Image, folder: str) -> list[str]:
    own = [path for path in image.below(folder) if posixpath.dirname(path) == folder]
    return [path for path in own if path.endswith(".cabal")]


def _packages(image: Image, root: str) -> list[str]:
    """The packages of a project (https://cabal.readthedocs.io/en/stable/cabal-project.html)."""
    found: list[str] = []
    field = ""
    for line in required(image, join(root, "cabal.project")).split("\n"):
        bare = line.partition("--")[0].rstrip()
        if bare and not bare[0].isspace():
            field, _, rest = bare.partition(":")
            if field.split()[0] in ("import", "if", "else", "elif"):
                raise NeedsSourceError("`cabal.project` takes in other files")
        else:
            rest = bare
        if field in ("packages", "optional-packages"):
            for said in rest.replace(",", " ").split():
                found += _matching(image, root, said)
    return found


def _matching(image: Image, root: str, said: str) -> list[str]:
    """The package files that one entry names: a file, a folder, or a pattern of either."""
    if "://" in said or said.startswith(("/", "..", "{")):
        raise NeedsSourceError("`cabal.project` has packages that are not followed")
    path = posixpath.normpath(said)
    pattern = path.split("/") if path != "." else []
    found = []
    for file in image.below(root):
        parts = file[len(root.rstrip("/")) + 1 :].split("/")
        whole = said.endswith(".cabal")
        if file.endswith(".cabal") and matches(pattern, parts if whole else parts[:-1]):
            found.append(file)
    return found


@following
def read_stack(call: Call, image: Image) -> Reads | None:
    """Read `stack build --only-dependencies`."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    building = bool(arguments) and arguments[0] in ("build", "install", "test", "setup")
    if not building:
        return None
    if "--stack-yaml" in names:
        return source_install("it reads a project file that is not followed")
    root = nearest(image, call.folder, "stack.yaml")
    if root is None:
        return source_install("`stack.yaml` does not come from the build context")
    if arguments[0] != "setup" and not names & _ONLY:
        first = split_off(read_stack, call, image, *call.words, "--only-dependencies")
        return source_install(_COMPILES, first, _STACK_BY_HAND)
    said = yaml_table(image, join(root, "stack.yaml"))
    extra = strings(said.get("extra-deps"))
    if any(item.startswith((".", "/")) or item.endswith((".tar.gz", ".zip")) for item in extra):
        raise NeedsSourceError("`stack.yaml` has a package among its own files")
    files = [join(root, "stack.yaml"), *here(image, root, "stack.yaml.lock")]
    for folder in strings(said.get("packages")) or ["."]:
        place = join(root, folder)
        own = [*here(image, place, "package.yaml"), *_in_folder(image, place)]
        if not own or "://" in folder:
            raise NeedsSourceError(f"{named('stack.yaml')} has a package that is not there")
        files += own
    return reads_files(image, files, (join(root, ".stack-work"),))


CABAL = Manager(
    name="cabal",
    programs=("cabal",),
    read=read_cabal,
    caches=(
        Cache(
            folder=".cache/cabal/packages",
            variables=(("CABAL_DIR", "/packages"),),
            refused="older versions keep it, with what they built, in `~/.cabal`",
        ),
    ),
)
"""https://cabal.readthedocs.io/en/stable/config.html#directories"""

STACK = Manager(
    name="stack",
    programs=("stack",),
    read=read_stack,
    caches=(Cache(folder=".stack", variables=(("STACK_ROOT", ""),), locked=True, shared=True),),
)
"""https://docs.haskellstack.org/en/stable/topics/stack_root/: compilers and built packages too"""

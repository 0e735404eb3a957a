"""go: `go mod download`, and `go build`, which downloads what is not there.

https://go.dev/ref/mod
"""

from collections.abc import Mapping
from dataclasses import field

from rules.model.dataclass import dataclass
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
from rules.model.installs.reading import (
    NeedsSourceError,
    following,
    here,
    nearest,
    reads_files,
    required,
)

_VALUED = frozenset(
    "-C -o -ldflags -gcflags -asmflags -tags -mod -modfile -overlay -p -buildmode -pkgdir "
    "-toolexec -installsuffix -exec -run -covermode -coverpkg -pgo -reuse -compiler".split()
)
_BY_HAND = (
    "`go mod download` with `go.mod` and `go.sum` alone, or a cache mount, keeps the modules."
)
_BUILDING = frozenset("build install test run vet generate list".split())


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `go mod download`, `go install pkg@version`, `go build` and their like."""
    options, arguments = split_options(call.words, _VALUED)
    said = dict(options)
    folder = call.at(said["-C"]) if "-C" in said else call.folder
    if not arguments:
        return None
    flags = call.environment.get("GOFLAGS", "")
    if {"-modfile", "-overlay"} & said.keys() or flags is None or "-modfile" in flags:
        return source_install("it reads another module file")
    if arguments[0] == "mod":
        return _mod(call, image, folder, arguments[1:])
    if arguments[0] in ("install", "run") and arguments[1:]:
        if all("@" in package for package in arguments[1 : 2 if arguments[0] == "run" else None]):
            return tool_install()
        if arguments == ["install", "tool"]:
            return _tools(call, image, folder)
    if arguments[0] == "get":
        return source_install("`go get` changes the module file by what the source imports")
    if arguments[0] in _BUILDING:
        return _build(call, image, folder, said, arguments[0])
    return None


def _mod(call: Call, image: Image, folder: str, arguments: list[str]) -> Reads | None:
    if arguments[:1] in (["download"], ["verify"]):
        return _modules(call, image, folder)
    if arguments[:1] in (["tidy"], ["vendor"]):
        why = f"`go mod {arguments[0]}` reads what the source imports"
        return source_install(why, _download(call, image, folder), _BY_HAND)
    return None


def edit(call: Call, image: Image) -> Mapping[str, str] | None:
    """What `go mod edit -replace=old[@version]=new[@version]` leaves in go.mod.

    https://go.dev/ref/mod#go-mod-edit
    """
    place = nearest(image, call.folder, "go.mod")
    text = image.text(join(place, "go.mod")) if place is not None else None
    if call.words[:2] != ("mod", "edit") or place is None or text is None:
        return None
    options = split_options(call.words[2:], frozenset(["-replace"]))
    if options[1] or not options[0] or {name for name, _ in options[0]} != {"-replace"}:
        return None
    for _, value in options[0]:
        old, found, new = value.partition("=")
        if not (old and found and new) or new.startswith((".", "/")):
            return None
        text = _without_replacement(text, old) + f"\nreplace {_spaced(old)} => {_spaced(new)}\n"
    return {join(place, "go.mod"): text}


def _spaced(module: str) -> str:
    return module.replace("@", " ")


def _without_replacement(text: str, old: str) -> str:
    """A go.mod without what replaces a module, or that version of it."""
    kept = []
    for line in text.split("\n"):
        words = line.partition("//")[0].removeprefix("replace ").split()
        replaced = words[: words.index("=>")] if "=>" in words else []
        same = replaced == _spaced(old).split() or ("@" not in old and replaced[:1] == [old])
        if not same:
            kept.append(line)
    return "\n".join(kept)


def _download(call: Call, image: Image, folder: str) -> Split | None:
    """The download alone, where go.mod names anything, and this module's folder is the call's."""
    place = nearest(image, folder, "go.mod")
    if place is None or folder != call.folder:
        return None
    if not _parse(required(image, join(place, "go.mod"))).requires:
        return None
    try:
        return Split((call.program or "go", "mod", "download"), _modules(call, image, folder))
    except NeedsSourceError:
        return None


def _modules(call: Call, image: Image, folder: str) -> Reads:
    """The module file, and those of modules in the project that it names.

    https://go.dev/ref/mod#go-mod-file-replace and https://go.dev/ref/mod#workspaces
    """
    place = nearest(image, folder, "go.mod")
    work = None if _off(call) else nearest(image, folder, "go.work")
    if place is None and work is None:
        raise NeedsSourceError("`go.mod` does not come from the build context")
    files: list[str] = []
    modules = [place] if place is not None else []
    replaced: dict[str, str] = {}
    if work is not None:
        files += [join(work, "go.work"), *here(image, work, "go.work.sum")]
        settings = _parse(required(image, join(work, "go.work")))
        modules += [join(work, path) for path in settings.uses]
        replaced |= {path: join(work, path) for path in settings.replaced}
    for module in dict.fromkeys(modules):
        settings = _parse(required(image, join(module, "go.mod")))
        files += [join(module, "go.mod"), *here(image, module, "go.sum")]
        replaced |= {path: join(module, path) for path in settings.replaced}
    for module in replaced.values():
        required(image, join(module, "go.mod"))
        files.append(join(module, "go.mod"))
    return reads_files(image, files)


def _off(call: Call) -> bool:
    named = call.environment.get("GOWORK", "")
    if named not in ("", "off"):
        raise NeedsSourceError("the file that GOWORK names is not followed")
    return named == "off"


def _tools(call: Call, image: Image, folder: str) -> Reads:
    """`go install tool`: the tools of the module file, when they are no packages of its own.

    https://go.dev/doc/modules/managing-dependencies#tools
    """
    found = _modules(call, image, folder)
    place = nearest(image, folder, "go.mod") or "/"
    settings = _parse(required(image, join(place, "go.mod")))
    if settings.replaced or len(found.files) > 2:
        return source_install("a tool may be among the project's own packages")
    if any((tool + "/").startswith(settings.module + "/") for tool in settings.tools):
        return source_install("a tool is among the project's own packages")
    return found


def _build(call: Call, image: Image, folder: str, said: dict[str, str], verb: str) -> Reads | None:
    """`go build` and its like: nothing is downloaded where all is vendored, or nothing is needed.

    https://go.dev/ref/mod#vendoring
    """
    place = nearest(image, folder, "go.mod")
    if verb in ("list", "generate") or place is None:
        return None
    vendored = here(image, place, "vendor/modules.txt")
    if vendored and said.get("-mod", "vendor") == "vendor":
        return None
    if not _parse(required(image, join(place, "go.mod"))).requires:
        return None
    why = f"`go {verb}` compiles the source when it has downloaded the modules"
    return source_install(why, _download(call, image, folder), _BY_HAND)


@dataclass
class _Settings:
    """What matters of a go.mod or go.work."""

    module: str = ""
    uses: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    """Folders that stand in for modules."""
    requires: bool = False


def _parse(text: str) -> _Settings:
    """Read a go.mod or go.work (https://go.dev/ref/mod#go-mod-file-grammar)."""
    found = _Settings()
    block = ""
    for line in text.split("\n"):
        words = line.partition("//")[0].replace("(", " ( ").split()
        if not words:
            continue
        if words == [")"]:
            block = ""
            continue
        verb = block or words.pop(0)
        if words[:1] == ["("]:
            block = verb
            continue
        values = [word.strip('"`') for word in words]
        if verb == "module" and values:
            found.module = values[0]
        elif verb == "use" and values:
            found.uses.append(values[0])
        elif verb == "tool" and values:
            found.tools.append(values[0])
        elif verb == "require":
            found.requires = True
        elif verb == "replace" and "=>" in values:
            target = values[values.index("=>") + 1 :]
            if target and (target[0].startswith(("./", "../", "/")) or target[0] in (".", "..")):
                found.replaced.append(target[0])
    return found


GO = Manager(
    name="go",
    programs=("go",),
    read=read,
    edit=edit,
    caches=(
        Cache(
            folder="go/pkg/mod",
            variables=(("GOMODCACHE", ""), ("GOPATH", "/pkg/mod")),
            in_images=(("golang", "/go/pkg/mod"),),
            cleaned_by=("go clean -modcache",),
            moved_by=("go env -w",),
            shared=True,
        ),
        Cache(
            folder=".cache/go-build",
            variables=(("GOCACHE", ""), ("XDG_CACHE_HOME", "/go-build")),
            cleaned_by=("go clean -cache",),
            not_for=("mod", "work"),
            compiled=True,
            moved_by=("go env -w",),
        ),
    ),
    free=frozenset("-ldflags -tags -gcflags -p -ldflags= -tags= -gcflags=".split()),
)
"""https://go.dev/ref/mod#module-cache and https://pkg.go.dev/cmd/go#hdr-Build_and_test_caching"""

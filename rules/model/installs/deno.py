"""deno: `deno install`, and `deno cache`, which follows the imports of the source.

https://docs.deno.com/runtime/reference/cli/install/
"""

import json
from typing import Any

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
from rules.model.installs.node import Packages
from rules.model.installs.reading import (
    NeedsSourceError,
    above,
    chosen,
    following,
    here,
    named,
    nearest,
    required,
    strings,
)

_VALUED = frozenset(
    "--config -c --import-map --lock --cert -n --name --root --node-modules-dir --vendor -L "
    "--log-level --reload".split()
)
_COMPILING = frozenset("cache run compile bundle test check".split())
_NAMES = ("deno.json", "deno.jsonc")


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `deno install`."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    verb = arguments[0] if arguments else ""
    if verb in _COMPILING:
        return source_install(f"`deno {verb}` follows the imports of the source")
    if verb not in ("install", "i", "add"):
        return None
    remote = all(a.startswith(("npm:", "jsr:", "https://", "http://")) for a in arguments[1:])
    if names & {"-g", "--global"} and arguments[1:] and remote and "--config" not in names:
        return tool_install()
    if arguments[1:] or names & {"--entrypoint", "-e"} or verb == "add":
        return source_install("it follows the imports of the source")
    if names & {"--config", "-c", "--import-map", "--lock", "--cert"}:
        return source_install("it reads settings that are not followed")
    root = nearest(image, call.folder, *_NAMES, "package.json")
    if root is None:
        return source_install("`deno.json` does not come from the build context")
    return _project(image, root)


def _project(image: Image, root: str) -> Reads:
    packages = Packages(image, root, ())
    packages.writes.append(join(root, "vendor"))
    for place in [root, *_members(packages, root)]:
        _settings(packages, place)
    if here(image, root, "package.json"):
        packages.project()
        packages.settings(root)
    packages.files += above(image, root, "deno.lock")
    packages.writes.append(join(root, "node_modules"))
    return packages.reads()


def _settings(packages: Packages, folder: str) -> dict[str, Any]:
    """Take in a `deno.json` (https://docs.deno.com/runtime/fundamentals/configuration/)."""
    for path in here(packages.image, folder, *_NAMES):
        packages.files.append(path)
        said = _json_with_comments(packages.image, path)
        if said.get("importMap") or said.get("links") or said.get("patch"):
            raise NeedsSourceError(f"{named(path)} names other files of the project")
        return said
    return {}


def _members(packages: Packages, root: str) -> list[str]:
    said = _settings(packages, root).get("workspace")
    patterns = strings(said.get("members") if isinstance(said, dict) else said)
    places = {
        place
        for name in (*_NAMES, "package.json")
        for place in chosen(packages.image, root, name, patterns)
    }
    for place in sorted(places):
        if here(packages.image, place, "package.json"):
            packages.add(place)
    return sorted(places)


def _json_with_comments(image: Image, path: str) -> dict[str, Any]:
    """JSON with whole-line comments and trailing commas, as far as they are told for certain."""
    lines = [
        line for line in required(image, path).split("\n") if not line.lstrip().startswith("//")
    ]
    try:
        found = json.loads("\n".join(lines))
    except (ValueError, RecursionError):
        raise NeedsSourceError(f"{named(path)} cannot be read as JSON") from None
    return found if isinstance(found, dict) else {}


DENO = Manager(
    name="deno",
    programs=("deno",),
    read=read,
    caches=(
        Cache(
            folder=".cache/deno",
            variables=(("DENO_DIR", ""), ("XDG_CACHE_HOME", "/deno")),
            refused="the program reads its modules from the cache",
        ),
    ),
)
"""https://docs.deno.com/runtime/reference/env_variables/ (`DENO_DIR`)"""

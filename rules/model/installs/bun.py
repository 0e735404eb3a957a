"""bun: `bun install` (https://bun.com/docs/pm/cli/install)."""

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
from rules.model.installs.node import Packages, added, project_folder, workspace_root
from rules.model.installs.reading import NeedsSourceError, following, here, table, toml_table

_VALUED = frozenset(
    "--cwd --config -c --registry --cache-dir --backend --filter -F --network-concurrency "
    "--concurrent-scripts --omit --linker --cafile --ca --cpu --os --minimum-release-age".split()
)
_FOREIGN = ("yarn.lock", "package-lock.json", "pnpm-lock.yaml")
_CACHE = Cache(
    folder=".bun/install/cache",
    variables=(
        ("BUN_INSTALL_CACHE_DIR", ""),
        ("BUN_INSTALL", "/install/cache"),
        ("XDG_CACHE_HOME", "/.bun/install/cache"),
    ),
    options=("--cache-dir",),
    purges=("--no-cache",),
    cleaned_by=("bun pm cache rm",),
    offline=("--offline",),
)
"""https://bun.com/docs/pm/global-cache"""


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `bun install`."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    verb = arguments[0] if arguments else ""
    if verb not in ("install", "i", "ci", "add", "a"):
        return None
    local = [a for a in arguments[1:] if a.startswith((".", "/", "~", "file:", "link:"))]
    if names & {"-g", "--global"} and arguments[1:] and not local:
        return tool_install()
    if arguments[1:] or verb in ("add", "a"):
        place = dict(options).get("--cwd")
        return added(call, image, arguments[1:], call.at(place) if place else None)
    if names & {"--config", "-c", "--cafile"}:
        return source_install("it reads settings that are not followed")
    folder = next((call.at(value) for name, value in options if name == "--cwd"), call.folder)
    root = workspace_root(image, project_folder(image, folder))
    packages = Packages(image, root)
    locks = here(image, root, "bun.lock", "bun.lockb")
    packages.files += locks or here(image, root, *_FOREIGN)
    packages.settings(root)
    caches = None
    for path in here(image, root, "bunfig.toml"):
        packages.files.append(path)
        said = table(toml_table(image, path), "install")
        if said.get("cafile") or said.get("ca"):
            raise NeedsSourceError("`bunfig.toml` names files of the project")
        if said.get("cache") is not None:
            caches = (Cache(folder=_CACHE.folder, refused="`bunfig.toml` moves the cache"),)
    if "--ignore-scripts" in names:
        packages.scripts = ()
    packages.project()
    if dict(options).get("--backend") == "symlink":
        why = "the program reads its packages from the cache"
        caches = (Cache(folder=_CACHE.folder, refused=why),)
    return packages.reads(caches=caches)


BUN = Manager(
    name="bun",
    programs=("bun",),
    read=read,
    caches=(_CACHE,),
    free=frozenset("--filter --registry --network-concurrency".split()),
)

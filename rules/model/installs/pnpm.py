"""pnpm: `pnpm install` and `pnpm fetch`.

https://pnpm.io/cli/install and https://pnpm.io/cli/fetch
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
from rules.model.installs.node import Packages, added, project_folder, version_asked
from rules.model.installs.reading import (
    NeedsSourceError,
    following,
    here,
    json_table,
    mapping,
    nearest,
    reads_files,
    required,
    strings,
    table,
    yaml_table,
)
from rules.model.prose import code

_VALUED = frozenset(
    "-C --dir --filter -F --filter-prod --store-dir --reporter --loglevel --network-concurrency "
    "--child-concurrency --workspace-concurrency --registry --modules-dir --virtual-store-dir "
    "--lockfile-dir --package-import-method --public-hoist-pattern --hoist-pattern --config-dir "
    "--fetch-timeout --fetch-retries --test-pattern --changed-files-ignore-pattern --cpu --os "
    "--libc --node-linker".split()
)
_NAMING = (  # settings of pnpm-workspace.yaml that name files or programs, or copy members
    "pnpmfile", "globalPnpmfile", "cafile", "scriptShell", "nodeOptions", "lockfileDir",
    "injectWorkspacePackages", "syncInjectedDepsAfterScripts", "modulesDir", "patchesDir",
    "userconfig", "npmrcAuthFile",
)  # fmt: skip
_OWN_NAMING = ("inject-workspace-packages", "lockfile-dir", "modules-dir")  # the same in .npmrc
_STORE = Cache(
    folder=".local/share/pnpm/store",
    variables=(
        ("npm_config_store_dir", ""),
        ("PNPM_HOME", "/store"),
        ("XDG_DATA_HOME", "/pnpm/store"),
    ),
    options=("--store-dir",),
    cleaned_by=("pnpm store prune",),
    offline=("--offline",),
    moved_by=("pnpm config set store-dir", "pnpm config set storeDir", "pnpm set store-dir"),
)
"""https://pnpm.io/settings#storedir"""
_OLD_STORE = Cache(
    folder=".pnpm-store",
    variables=_STORE.variables[:1],
    options=_STORE.options,
    cleaned_by=_STORE.cleaned_by,
    offline=_STORE.offline,
    moved_by=_STORE.moved_by,
)
"""Up to 6: https://pnpm.io/6.x/npmrc#store-dir"""


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `pnpm install` and `pnpm fetch`."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    verb = arguments[0] if arguments else ""
    if verb == "recursive":
        arguments = arguments[1:]
        verb = arguments[0] if arguments else ""
    everywhere = bool(names & {"-g", "--global"} and arguments[1:])
    if verb in ("add", "deploy") or (verb in ("install", "i") and everywhere):
        local = [a for a in arguments[1:] if a.startswith((".", "/", "~", "file:", "link:"))]
        if verb != "deploy" and everywhere and not local:
            return _tool(call, image)
        if verb != "deploy":
            return added(call, image, arguments[1:])
        return source_install("`pnpm deploy` reads packages of the project")
    if verb not in ("install", "i", "fetch", "ci", "clean-install"):
        return None
    if names & {"--lockfile-dir", "--modules-dir", "--virtual-store-dir", "--config-dir"}:
        return source_install("it keeps its files in a folder that is not followed")
    folder = next((call.at(value) for name, value in options if name in ("-C", "--dir")), "")
    folder = folder or call.folder
    if verb == "fetch":
        return _fetch(image, folder)
    if arguments[1:]:
        return added(call, image, arguments[1:], folder)
    return _install(call, image, folder, alone="--ignore-workspace" in names)


def _tool(call: Call, image: Image) -> Reads:
    """A program for everywhere: which pnpm installs it, and from where, the project may say.

    https://pnpm.io/package_json#packagemanager and https://pnpm.io/npmrc
    """
    place = nearest(image, call.folder, "package.json")
    files = []
    if place is not None and "packageManager" in json_table(image, join(place, "package.json")):
        files += here(image, place, "package.json")
    place = nearest(image, call.folder, ".npmrc")
    files += here(image, place, ".npmrc") if place is not None else []
    reads = reads_files(image, files) if files else tool_install()
    return replace(reads, caches=(replace(_STORE, refused=_LINKED),))


def _install(call: Call, image: Image, folder: str, *, alone: bool) -> Reads:
    workspace = None if alone else nearest(image, folder, "pnpm-workspace.yaml")
    root = workspace or project_folder(image, folder)
    packages = Packages(image, root)
    packages.files += here(image, root, "pnpm-lock.yaml")
    said = _workspace(packages) if workspace else {}
    rc = _settings(packages, folder)
    if said.get("ignoreScripts") is True or "--ignore-scripts" in call.words:
        packages.scripts = ()
    if call.sets("npm_config_ignore_scripts"):
        packages.scripts = ()
    manifest = packages.project(strings(said.get("packages")))
    members = [place for place in packages.seen if place != root]
    for place in sorted(members):
        packages.files += here(image, place, "pnpm-lock.yaml", ".npmrc")
        _refuse_copies(json_table(image, join(place, "package.json")))
    _refuse_copies(manifest)
    return packages.reads(caches=_caches(manifest, said, rc), split=_first(call, image, root))


def _first(call: Call, image: Image, root: str) -> Split | None:
    """`pnpm fetch`, which needs the lock file alone.

    It fetches for development and for every package of the workspace; what the install then does
    not need stays in `node_modules/.pnpm` (tried with pnpm 9). None where that may be anything.
    """
    fewer = ("--prod", "--production", "-P", "--dev", "-D", "--no-optional", "--filter", "-F")
    chosen = any(word.startswith(fewer) for word in call.words)
    if chosen or call.sets("NODE_ENV") or root != call.folder or not _all_there(image, root):
        return None
    try:
        return Split((call.program or "pnpm", "fetch"), _fetch(image, root))
    except NeedsSourceError:
        return None


def _all_there(image: Image, root: str) -> bool:
    """Whether every package that the lock file is for stands in the image."""
    text = image.text(join(root, "pnpm-lock.yaml"))
    if text is None:
        return False
    inside = False
    for line in text.split("\n"):
        if line and not line[0].isspace():
            inside = line.rstrip() == "importers:"
        elif inside and line[:3].strip() and line[:2] == "  ":
            place = line.strip().partition(":")[0].strip("'\"")
            if not image.has(join(join(root, place), "package.json")):
                return False
    return True


def _workspace(packages: Packages) -> dict[str, Any]:
    """Take in `pnpm-workspace.yaml` (https://pnpm.io/settings)."""
    path = join(packages.root, "pnpm-workspace.yaml")
    packages.files.append(path)
    said = yaml_table(packages.image, path)
    for key in _NAMING:
        if said.get(key):
            raise NeedsSourceError(f"{code(key)} in `pnpm-workspace.yaml` is not followed")
    for patch in mapping(said.get("patchedDependencies")).values():
        packages.patch(packages.root, patch)
    for value in mapping(said.get("overrides")).values():
        if str(value).startswith(("file:", "link:", ".", "/")):
            raise NeedsSourceError("`pnpm-workspace.yaml` replaces packages by local ones")
    return said


def _settings(packages: Packages, folder: str) -> dict[str, str]:
    """Take in `.npmrc` and the hooks in `.pnpmfile.cjs` (https://pnpm.io/pnpmfile)."""
    rc = packages.settings(packages.root)
    if folder != packages.root:
        rc = {**rc, **packages.settings(folder)}
    for key in _OWN_NAMING:
        if rc.get(key, "false") != "false":
            raise NeedsSourceError(f"{code(key)} in `.npmrc` may name files of the project")
    for path in here(
        packages.image, packages.root, ".pnpmfile.cjs", ".pnpmfile.mjs", "pnpmfile.js"
    ):
        text = required(packages.image, path)
        if "require" in text or "import" in text:
            raise NeedsSourceError("`.pnpmfile.cjs` may read other files")
        packages.files.append(path)
    return rc


def _refuse_copies(manifest: dict[str, Any]) -> None:
    """Members that are copied into node_modules are read whole."""
    meta = mapping(manifest.get("dependenciesMeta"))
    if any(mapping(value).get("injected") for value in meta.values()):
        raise NeedsSourceError("a package of the workspace is copied into `node_modules`")
    if mapping(manifest.get("publishConfig")).get("directory"):
        raise NeedsSourceError("a package of the workspace is linked by its build folder")


def _fetch(image: Image, folder: str) -> Reads:
    """Read for `pnpm fetch`: the lock file, patches and settings, no manifest.

    The manifest is read all the same where it says which pnpm is to run.
    """
    root = nearest(image, folder, "pnpm-lock.yaml")
    if root is None:
        raise NeedsSourceError("`pnpm-lock.yaml` does not come from the build context")
    packages = Packages(image, root)
    files = [join(root, "pnpm-lock.yaml")]
    manifest: dict[str, Any] = {}
    for path in here(image, root, "package.json"):
        manifest = json_table(image, path)
        if {"packageManager", "devEngines", "pnpm"} & manifest.keys():
            files.append(path)
        for patch in mapping(mapping(manifest.get("pnpm")).get("patchedDependencies")).values():
            packages.patch(root, patch)
    said = _workspace(packages) if here(image, root, "pnpm-workspace.yaml") else {}
    rc = _settings(packages, folder)
    caches = _caches(manifest, said, rc)
    files += packages.files
    return reads_files(image, files, (join(root, "node_modules"),), caches=caches)


_LINKED = "the program reads its packages from the store"
"""https://pnpm.io/global-virtual-store; from version 11 on so do global programs and runtimes."""


def _has_runtime(manifest: dict[str, Any]) -> bool:
    groups = (mapping(manifest.get(name)) for name in ("dependencies", "devDependencies"))
    return any(str(value).startswith("runtime:") for group in groups for value in group.values())


def _caches(
    manifest: dict[str, Any], said: dict[str, Any], rc: dict[str, str]
) -> tuple[Cache, ...] | None:
    linked = said.get("enableGlobalVirtualStore") or rc.get("enable-global-virtual-store") == "true"
    if linked or table(manifest, "devEngines").get("runtime") or _has_runtime(manifest):
        return (replace(_STORE, refused=_LINKED),)
    if said.get("storeDir") or rc.get("store-dir"):
        return (Cache(folder=_STORE.folder, refused="the store is elsewhere"),)
    asked = version_asked(manifest, "pnpm")
    return (_OLD_STORE,) if asked is not None and asked[0] < 7 else None


PNPM = Manager(
    name="pnpm",
    programs=("pnpm",),
    read=read,
    caches=(_STORE,),
    other_folders=(".pnpm-store", ".cache/pnpm", ".local/share/pnpm"),
    free=frozenset(
        "--filter -F --registry --loglevel --reporter --network-concurrency --filter= "
        "--registry=".split()
    ),
)

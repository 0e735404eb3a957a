"""yarn, the classic one (1) and the modern one (2 and later), told apart by the project's files.

https://classic.yarnpkg.com/en/docs/cli/install and https://yarnpkg.com/cli/install
"""

import posixpath
import re
from dataclasses import replace

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
from rules.model.installs.node import Packages, added, project_folder, version_asked, workspace_root
from rules.model.installs.reading import (
    NeedsSourceError,
    above,
    below,
    following,
    here,
    json_table,
    nearest,
    required,
    upward,
    yaml_table,
)
from rules.model.prose import code

_VALUED = frozenset(
    "--cwd --cache-folder --modules-folder --network-timeout --network-concurrency --mutex "
    "--registry --preferred-cache-folder --global-folder --link-folder --use-yarnrc --otp "
    "--proxy --https-proxy --emoji --mode --child-concurrency".split()
)
_ASKING = frozenset(["-v", "--version", "-h", "--help"])
_MODERN_SCRIPTS = ("preinstall", "install", "postinstall")
_CLASSIC_SETTINGS = frozenset(
    "registry network-timeout save-prefix save-exact disable-self-update-check lastUpdateCheck "
    "ignore-scripts ignore-engines ignore-optional version-git-tag version-tag-prefix strict-ssl "
    "child-concurrency network-concurrency workspaces-experimental ignore-platform "
    "version-git-message unsafe-disable-integrity-migration email username "
    "version-git-sign --install.frozen-lockfile --install.ignore-engines --frozen-lockfile "
    "--ignore-engines --install.non-interactive --install.silent --silent".split()
)
_MODERN_SETTINGS = frozenset(
    "cacheMigrationMode catalog catalogs changesetBaseRefs changesetIgnorePatterns "
    "checksumBehavior compressionLevel defaultProtocol defaultSemverRangePrefix "
    "deferredVersionFolder enableColors enableGlobalCache enableHardenedMode enableHyperlinks "
    "enableImmutableCache enableImmutableInstalls enableInlineBuilds enableInlineHunks "
    "enableMessageNames enableMirror enableNetwork enableOfflineMode enableProgressBars "
    "enableScripts enableStrictSsl enableTelemetry enableTimers enableTransparentWorkspaces "
    "httpProxy httpRetry httpTimeout httpsProxy initFields initScope logFilters networkConcurrency "
    "networkSettings nmHoistingLimits nmMode nmSelfReferences nodeLinker npmAlwaysAuth "
    "npmAuditExcludePackages npmAuditIgnoreAdvisories npmAuditRegistry npmAuthIdent npmAuthToken "
    "npmMinimalAgeGate npmPreapprovedPackages npmPublishAccess npmPublishProvenance "
    "npmPublishRegistry npmRegistries npmRegistryServer npmScopes packageExtensions plugins "
    "pnpEnableEsmLoader pnpEnableInlining pnpFallbackMode pnpIgnorePatterns pnpMode "
    "pnpShebang preferDeferredVersions preferInteractive preferReuse progressBarStyle "
    "supportedArchitectures taskPoolConcurrency taskPoolMode telemetryInterval unsafeHttpWhitelist "
    "winLinkType workerPoolMode yarnPath ignorePath tsEnableAutoTypes".split()
)
_CLASSIC_CACHE = Cache(
    folder=".cache/yarn",
    variables=(("YARN_CACHE_FOLDER", ""), ("XDG_CACHE_HOME", "/yarn")),
    options=("--cache-folder",),
    root_folder="/usr/local/share/.cache/yarn",
    cleaned_by=("yarn cache clean",),
    moved_by=(
        "yarn config set cache-folder",
        "yarn set version",
        "yarn policies set-version",
        "corepack prepare yarn",
        "corepack use yarn",
    ),
    offline=("--offline",),
    locked=True,
)
"""https://classic.yarnpkg.com/en/docs/cli/cache; one at a time: the same pages on `--mutex`."""
_MODERN_CACHE = Cache(
    folder=".yarn/berry/cache",
    variables=(("YARN_GLOBAL_FOLDER", "/cache"),),
    cleaned_by=("yarn cache clean",),
    moved_by=("yarn config set",),
)
"""https://yarnpkg.com/configuration/yarnrc#cacheFolder"""


def read(call: Call, image: Image) -> Reads | None:
    """Read `yarn`, `yarn install` and `yarn workspaces focus`."""
    found = _read(call, image)
    if found is None or not found.project or found.caches is not None:
        return found
    options = dict(split_options(call.words, _VALUED)[0])
    try:
        folder = project_folder(image, call.at(options.get("--cwd") or call.folder))
        classic = not _is_modern(image, folder)
    except NeedsSourceError:
        classic = False
    why = "which version of yarn it is decides on the cache"
    return found if classic else replace(found, caches=(replace(_CLASSIC_CACHE, refused=why),))


@following
def _read(call: Call, image: Image) -> Reads | None:
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    focus = arguments[:2] == ["workspaces", "focus"]
    if arguments[:2] == ["global", "add"]:
        local = [a for a in arguments[2:] if a.startswith((".", "/", "~", "file:"))]
        return source_install("it installs a folder of the project") if local else tool_install()
    if arguments[:1] == ["add"] and "--cwd" not in names:
        return added(call, image, arguments[1:])
    if (arguments and arguments[0] not in ("install", "add") and not focus) or names & _ASKING:
        return None
    folder = next((call.at(value) for name, value in options if name == "--cwd"), call.folder)
    folder = project_folder(image, folder)
    if _is_modern(image, folder):
        return _modern(call, image, folder)
    if arguments[1:]:
        return source_install("it adds packages to the project's own manifest")
    return _classic(call, image, folder)


def _is_modern(image: Image, folder: str) -> bool:
    if nearest(image, folder, ".yarnrc.yml") is not None:
        return True
    asked = version_asked(json_table(image, join(folder, "package.json")), "yarn")
    return asked is not None and asked[0] > 1


def _classic(call: Call, image: Image, folder: str) -> Reads:
    """Read for yarn 1; it takes settings from every folder up to the root."""
    root = workspace_root(image, folder)
    packages = Packages(image, root)
    packages.files += here(image, root, "yarn.lock")
    for place in upward(folder):
        packages.settings(place)
        _read_classic_settings(packages, place)
    if "--ignore-scripts" in call.words:
        packages.scripts = ()
    packages.project()
    folders = [v for n, v in split_options(call.words, _VALUED)[0] if n == "--modules-folder"]
    packages.writes += [call.at(value) for value in folders]
    return packages.reads()


def _read_classic_settings(packages: Packages, folder: str) -> None:
    """Take in the `.yarnrc` of a folder (https://classic.yarnpkg.com/en/docs/yarnrc)."""
    for path in here(packages.image, folder, ".yarnrc"):
        packages.files.append(path)
        for line in required(packages.image, path).split("\n"):
            key, _, value = line.strip().partition(" ")
            key, value = key.strip("\"'"), value.strip().strip("\"'")
            if not key or key.startswith("#") or ":registry" in key or "_auth" in key:
                continue
            if key == "yarn-path" and packages.image.has(join(folder, value)):
                packages.files.append(join(folder, value))
            elif key not in _CLASSIC_SETTINGS:
                raise NeedsSourceError(f"{code(key)} in `.yarnrc` may name files of the project")


def _modern(call: Call, image: Image, folder: str) -> Reads:
    """Read for yarn 2 and later: the project is where its `yarn.lock` lies, or the workspace."""
    root = workspace_root(image, folder)
    packages = Packages(image, root, _MODERN_SCRIPTS)
    packages.files += here(image, root, "yarn.lock")
    settings: dict[str, object] = {}
    for place in upward(root):
        for path in here(image, place, ".yarnrc.yml"):
            said = yaml_table(image, path)
            settings = {**said, **settings}
            packages.files.append(path)
            _read_modern_settings(packages, place, said)
    packages.files += above(image, root, ".env.yarn")
    for name in ("releases", "plugins", "patches", "cache", "unplugged"):
        packages.files += below(image, join(root, f".yarn/{name}"))
    if settings.get("enableScripts") is False or "--mode=skip-build" in call.words:
        packages.scripts = ()
    manifest = packages.project()
    linked = settings.get("nodeLinker", "pnp")
    if linked == "pnp":
        packages.writes = [join(root, name) for name in (".pnp.cjs", ".pnp.loader.mjs")]
    packages.writes += _own_folders(image, root, linked, settings.get("enableGlobalCache"))
    release = posixpath.basename(str(settings.get("yarnPath", "")))
    asked = version_asked(manifest, "yarn") or _version_of(release)
    name = str(manifest.get("name", ""))
    return packages.reads(caches=_modern_caches(root, name, settings, linked, asked))


def _own_folders(image: Image, root: str, linked: object, everywhere: object) -> list[str]:
    """What yarn fills: `.yarn`, or these in it where the project keeps other things there.

    https://yarnpkg.com/getting-started/qa#which-files-should-be-gitignored
    """
    own = join(root, ".yarn")
    if not any(image.below(own)):
        return [own]
    names = ["install-state.gz"]
    if linked == "pnp":
        names += ["build-state.yml", "unplugged"]
    if everywhere is not True:
        names.append("cache")
    return [join(own, name) for name in names]


def _read_modern_settings(packages: Packages, folder: str, said: dict[str, object]) -> None:
    """Take in what `.yarnrc.yml` names (https://yarnpkg.com/configuration/yarnrc)."""
    unknown = sorted(str(key) for key in said.keys() - _MODERN_SETTINGS)
    unknown = [key for key in unknown if key not in ("cacheFolder", "globalFolder")]
    if unknown or "FilePath" in str(said.get("networkSettings")):
        key = unknown[0] if unknown else "networkSettings"
        raise NeedsSourceError(f"{code(key)} in `.yarnrc.yml` may name files of the project")
    paths = [said.get("yarnPath")]
    plugins = said.get("plugins")
    for plugin in plugins if isinstance(plugins, list) else []:
        path = plugin.get("path") if isinstance(plugin, dict) else plugin
        if not isinstance(path, str) or "@yarnpkg/" not in path:
            raise NeedsSourceError("a plugin of yarn may read the source")
        paths.append(path if "/plugins/" in path else None)
    for path in paths:
        if isinstance(path, str):
            if not packages.image.has(join(folder, path)):
                raise NeedsSourceError("a file that `.yarnrc.yml` names is not in the context")
            packages.files.append(join(folder, path))


def _version_of(release: str) -> tuple[int, ...] | None:
    """The version in the name of a release (`yarn-3.6.1.cjs`)."""
    numbers = release.removeprefix("yarn-").removesuffix(".cjs").split(".")
    known = all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers)
    return tuple(int(number) for number in numbers) if known else None


def _modern_caches(
    root: str, name: str, settings: dict[str, object], linked: object, asked: tuple[int, ...] | None
) -> tuple[Cache, ...]:
    """Where this project's yarn keeps packages; with Plug'n'Play they are used from there.

    https://yarnpkg.com/features/caching: the cache is global from 4 on, else in the project.
    """
    if linked != "node-modules":
        why = "with Plug'n'Play the program reads its packages from the cache"
        return (Cache(folder=_MODERN_CACHE.folder, refused=why),)
    if "cacheFolder" in settings or "globalFolder" in settings or asked is None:
        return (Cache(folder=_MODERN_CACHE.folder, refused="the cache may be elsewhere"),)
    everywhere = settings.get("enableGlobalCache", asked[0] >= 4)
    if everywhere is True:
        return (_MODERN_CACHE,)
    if everywhere is False and settings.get("enableImmutableCache") is None:
        return (_own_cache(root, name),)
    return (Cache(folder=_MODERN_CACHE.folder, refused="the cache may be elsewhere"),)


def _own_cache(root: str, name: str) -> Cache:
    """The cache inside a project: yarn deletes from it what this project does not need.

    Where the cache must not change it fails instead (seen with 4.18: YN0056).
    """
    own = "-".join(part for part in re.split(r"[^A-Za-z0-9]{1,200}", name[:200]) if part)
    return Cache(
        folder=join(root, ".yarn/cache"),
        variables=(("YARN_CACHE_FOLDER", ""),),
        cleaned_by=_MODERN_CACHE.cleaned_by,
        moved_by=_MODERN_CACHE.moved_by,
        locked=True,
        id=f"{own}-yarn-cache",
        offline=("--immutable-cache", "--check-cache"),
        refused=None if own else "yarn empties it of what other projects keep there",
    )


YARN = Manager(
    name="yarn",
    programs=("yarn", "yarnpkg"),
    read=read,
    caches=(_CLASSIC_CACHE,),
    other_folders=(".yarn", ".yarn/cache", ".yarn/berry/cache", ".yarn-cache"),
    free=frozenset("--network-timeout --network-concurrency --registry --registry=".split()),
)

"""package.json: what an install reads because of it; the same for npm, yarn, pnpm and bun."""

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any

from rules.model.dataclass import dataclass
from rules.model.installs.install import (
    Call,
    Image,
    Reads,
    join,
    source_install,
    tool_install,
)
from rules.model.installs.reading import (
    NeedsSourceError,
    chosen,
    here,
    json_table,
    mapping,
    named,
    nearest,
    reads_files,
    required,
    small_folder,
    strings,
    table,
    upward,
)
from rules.model.installs.scripts import Script
from rules.model.manifests import is_manifest
from rules.model.prose import code

LIFECYCLE = (
    "pnpm:devPreinstall",
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
)
"""https://docs.npmjs.com/cli/v11/using-npm/scripts#life-cycle-scripts, and pnpm's own."""
_GROUPS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_PATHS = ("file:", "link:", "portal:", "./", "../", "/", "~/")
_READ_FIRST = (
    *("package.json", ".npmrc", ".yarnrc", ".yarnrc.yml"),
    *("pnpm-workspace.yaml", ".pnpmfile.cjs", "bunfig.toml"),
)
_COPIED_FOR_SCRIPTS = 3
"""Files and folders beside the manifests, at most, that were copied for the scripts."""
_WITHOUT_SCRIPTS = (
    "With `--ignore-scripts` before the source the packages would stay; what the scripts do would "
    "follow behind it."
)
_ARCHIVES = (".tgz", ".tar.gz", ".tar")
_NAMING = (  # settings that name files or programs
    "node-options", "script-shell", "userconfig", "globalconfig", "pnpmfile", "global-pnpmfile",
    "certfile", "keyfile", "install-links",
)  # fmt: skip


@dataclass
class Packages:
    """The manifests that an install reads, gathered from the root's on.

    Every method raises NeedsSourceError where more is read than can be listed.
    """

    image: Image
    root: str
    scripts: Sequence[str] = LIFECYCLE
    """Those that the manager runs."""
    files: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    workspace: bool = False

    def reads(self, **more: Any) -> Reads:
        """Give all that was gathered, the root's manifest first."""
        first = join(self.root, "package.json")
        return reads_files(self.image, [first, *self.files], self.writes, **more)

    def add(self, folder: str) -> dict[str, Any]:
        """Take in the package in a folder, and those of its own files that it depends on."""
        path = join(folder, "package.json")
        manifest = json_table(self.image, path)
        if folder in self.seen:
            return manifest
        self.seen.add(folder)
        self.files.append(path)
        self.writes.append(join(folder, "node_modules"))
        if folder != self.root:
            self.files += _programs(self.image, folder, manifest)
        self._follow_scripts(folder, manifest)
        for place, value in _specifiers(manifest):
            self._dependency(folder, place, value)
        for patch in table(manifest, "pnpm", "patchedDependencies").values():
            self.patch(folder, patch)
        for patch in mapping(manifest.get("patchedDependencies")).values():
            self.patch(folder, patch)
        return manifest

    def project(self, patterns: Sequence[str] | None = None) -> dict[str, Any]:
        """Take in the root and its workspaces: those that `patterns` name, else its `workspaces`.

        https://docs.npmjs.com/cli/v11/using-npm/workspaces
        """
        manifest = json_table(self.image, join(self.root, "package.json"))
        listed = _workspaces(manifest) if patterns is None else patterns
        self.workspace = bool(listed)
        self.add(self.root)
        for folder in chosen(self.image, self.root, "package.json", listed):
            self.add(folder)
        return manifest

    def patch(self, folder: str, path: Any) -> None:
        """Take in a patch of a dependency."""
        if not isinstance(path, str) or not self.image.has(join(folder, path)):
            raise NeedsSourceError("a patch of a dependency is not in the build context")
        self.files.append(join(folder, path))

    def settings(self, folder: str) -> dict[str, str]:
        """Take in the `.npmrc` of a folder.

        https://docs.npmjs.com/cli/v11/configuring-npm/npmrc
        """
        said: dict[str, str] = {}
        for path in here(self.image, folder, ".npmrc"):
            self.files.append(path)
            for line in required(self.image, path).split("\n"):
                key, _, value = (part.strip() for part in line.partition("="))
                if key and key[0] not in "#;":
                    said[key] = value.strip("\"'")
        for key in _NAMING:
            if said.get(key, "false") != "false":
                raise NeedsSourceError(f"{code(key)} in `.npmrc` may name files of the project")
        if "cafile" in said:
            path = join(folder, said["cafile"])
            if not self.image.has(path):
                raise NeedsSourceError("`cafile` in `.npmrc` is not in the build context")
            self.files.append(path)
        if said.get("ignore-scripts") == "true":
            self.scripts = ()
        return said

    def _follow_scripts(self, folder: str, manifest: dict[str, Any]) -> None:
        said = mapping(manifest.get("scripts"))
        for name in self.scripts:
            if not said.get(name):
                continue
            script = Script(self.image, folder, manifest)
            try:
                script.follow(name)
            except NeedsSourceError:
                reason = f"the `{name}` script of `package.json` may read the source"
                raise NeedsSourceError(reason, self._without_scripts(folder)) from None
            self.files += script.files
            self.writes += script.writes
        if self.scripts and here(self.image, folder, "binding.gyp"):
            raise NeedsSourceError("`binding.gyp` makes it compile the project")

    def _without_scripts(self, folder: str) -> str | None:
        """What helps an install whose scripts read the source.

        None where little more than manifests stands in its folder: that was copied for them.
        """
        start = folder.rstrip("/") + "/"
        others = {
            path[len(start) :].partition("/")[0]
            for path in self.image.below(folder)
            if not is_manifest(path)
        }
        return _WITHOUT_SCRIPTS if len(others) > _COPIED_FOR_SCRIPTS else None

    def _dependency(self, folder: str, place: str, value: str) -> None:
        if value.startswith("workspace:"):
            if not self.workspace:
                raise NeedsSourceError("`package.json` belongs to a workspace that is not known")
        elif value.startswith("patch:"):
            self._patches(folder, value)
        elif value.startswith("exec:"):
            raise NeedsSourceError("`package.json` has a dependency that a script makes")
        elif value.startswith(_PATHS) or value in (".", ".."):
            self._local(folder, place, value)

    def _local(self, folder: str, place: str, value: str) -> None:
        reason = f"`package.json` has a dependency among its own files ({place})"
        bare = value
        for prefix in ("file:", "link:", "portal:"):
            bare = bare.removeprefix(prefix)
        if not bare or bare.startswith(("~", "//")) or value.startswith("/"):
            raise NeedsSourceError(reason)
        path = join(folder, bare)
        inside = path.startswith(folder.rstrip("/") + "/")
        if not inside and not self.image.has(path) and not any(self.image.below(path)):
            return  # an earlier step made it (`file:../deps/phoenix`): it is there before, too
        if bare.endswith(_ARCHIVES):
            if not self.image.has(path):
                raise NeedsSourceError(reason)
            self.files.append(path)
        elif (folder + "/").startswith(path.rstrip("/") + "/"):
            raise NeedsSourceError(reason)
        elif path not in self.seen:
            self.files += small_folder(self.image, path, reason)
            self.add(path)

    def _patches(self, folder: str, value: str) -> None:
        """`patch:a@npm:1.0#./.yarn/patches/a.patch` (https://yarnpkg.com/protocol/patch)."""
        for path in value.partition("#")[2].partition("::")[0].split("&"):
            bare = path.removeprefix("optional!")
            if bare.startswith(("~builtin<", "builtin<")):
                continue
            start = self.root if bare.startswith("~/") else folder
            self.patch(start, bare.removeprefix("~/"))


def _workspaces(manifest: dict[str, Any]) -> list[str]:
    """The patterns of `workspaces`, which is a list, or a table with one (yarn)."""
    listed = manifest.get("workspaces")
    return strings(listed.get("packages") if isinstance(listed, dict) else listed)


def _specifiers(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where dependencies are named, and as what: `dependencies`, `^1.2`."""
    for group in _GROUPS:
        for value in mapping(manifest.get(group)).values():
            if isinstance(value, str):
                yield group, value
    for keys in (("overrides",), ("resolutions",), ("pnpm", "overrides")):
        waiting = [(table(manifest, *keys), 0)]
        while waiting:
            values, depth = waiting.pop()
            for value in values.values():
                if isinstance(value, str):
                    yield keys[-1], value
                elif isinstance(value, dict) and depth < 20:
                    waiting.append((value, depth + 1))


def _programs(image: Image, folder: str, manifest: dict[str, Any]) -> list[str]:
    """The programs of a local package that stand there: an install links them, or skips them."""
    said = manifest.get("bin")
    paths = [said] if isinstance(said, str) else list(mapping(said).values())
    if mapping(manifest.get("directories")).get("bin"):
        raise NeedsSourceError("a package of the project has a folder of programs")
    return here(image, folder, *(path for path in paths if isinstance(path, str)))


def workspace_root(image: Image, folder: str) -> str:
    """The folder around `folder` whose package.json has it as a workspace, else `folder`."""
    for place in upward(folder):
        if place == folder or not here(image, place, "package.json"):
            continue
        patterns = _workspaces(json_table(image, join(place, "package.json")))
        if folder in chosen(image, place, "package.json", patterns):
            return place
    return folder


def added(call: Call, image: Image, packages: Sequence[str], folder: str | None = None) -> Reads:
    """An install of named packages into a folder: it reads the manifest there, if there is one."""
    place = folder or call.folder
    local = any(p.startswith((*_PATHS, ".")) or p.endswith(_ARCHIVES) for p in packages)
    if local or nearest(image, place, *_READ_FIRST) is not None:
        return source_install("it adds packages to the project's own manifest")
    return tool_install((join(place, "node_modules"), join(place, "package.json")))


def project_folder(image: Image, folder: str) -> str:
    """`folder` when it holds a package.json; raises NeedsSourceError otherwise."""
    if not here(image, folder, "package.json"):
        raise NeedsSourceError(f"{named('package.json')} does not come from the build context")
    return folder


def version_asked(manifest: dict[str, Any], program: str) -> tuple[int, ...] | None:
    """The version in `packageManager` (`yarn@4.1.0+sha…`), None when it names none.

    https://nodejs.org/api/packages.html#packagemanager
    """
    name, _, version = str(manifest.get("packageManager", "")).partition("@")
    numbers = version.partition("+")[0].partition("-")[0].split(".")
    if name != program or not all(n.isascii() and n.isdigit() and len(n) < 6 for n in numbers):
        return None
    return tuple(int(n) for n in numbers)

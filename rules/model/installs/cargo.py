"""cargo: `cargo fetch`, `cargo chef cook`, and `cargo build`, which downloads what is not there.

https://doc.rust-lang.org/cargo/reference/manifest.html
"""

import posixpath
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
from rules.model.installs.reading import (
    MAX_FILES,
    NeedsSourceError,
    above,
    chosen,
    following,
    here,
    mapping,
    named,
    nearest,
    reads_files,
    strings,
    table,
    tables,
    toml_table,
    upward,
)

_VALUED = frozenset(
    "--manifest-path --target --features -F --config -Z -j --jobs --profile --bin --example "
    "--package -p --exclude --target-dir --message-format --color --recipe-path --root --version "
    "--git --branch --tag --rev --path --index --registry -C --bins-path --lockfile-path".split()
)
_BUILDING = frozenset("build b install run r test t check c rustc bench doc clippy".split())
_BY_HAND = (
    "Built first from the manifests alone (`cargo chef cook`), or with cache mounts, the crates "
    "stay."
)
_GROUPS = ("dependencies", "dev-dependencies", "build-dependencies")


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `cargo fetch`, `cargo chef cook`, `cargo install` and `cargo build`."""
    words = [word for word in call.words if not word.startswith("+")]
    options, arguments = split_options(words, _VALUED)
    said = dict(options)
    verb = arguments[0] if arguments else ""
    if verb == "chef":
        return _cook(call, image, said) if arguments[1:2] == ["cook"] else None
    if verb == "install" and (arguments[1:] or "--git" in said) and "--path" not in said:
        return _tool(call, image)
    if verb in _BUILDING:
        return source_install(
            f"`cargo {verb}` compiles the source when it has downloaded the crates",
            instead=_BY_HAND,
        )
    if verb not in ("fetch", "vendor"):
        return None
    if {"--config", "-C", "--lockfile-path"} & said.keys():
        return source_install("it reads settings that are not followed")
    manifest = call.at(said.get("--manifest-path", ""))
    start = posixpath.dirname(manifest) if "--manifest-path" in said else call.folder
    folder = nearest(image, start, "Cargo.toml")
    if folder is None:
        return source_install("`Cargo.toml` does not come from the build context")
    crates = _Crates(image)
    root = _workspace(image, folder)
    crates.add(root)
    crates.add(folder)
    files = [*crates.files, *here(image, root, "Cargo.lock"), *_settings(image, call.folder)]
    return reads_files(image, files)


def _settings(image: Image, folder: str) -> list[str]:
    """What cargo and rustup read on the way up.

    https://doc.rust-lang.org/cargo/reference/config.html#hierarchical-structure and
    https://rust-lang.github.io/rustup/overrides.html
    """
    toolchains = ("rust-toolchain.toml", "rust-toolchain")
    place = nearest(image, folder, *toolchains)
    files = here(image, place, *toolchains) if place is not None else []
    for path in above(image, folder, ".cargo/config.toml", ".cargo/config"):
        document = toml_table(image, path)
        sources = mapping(document.get("source")).values()
        local = any({"directory", "local-registry"} & mapping(s).keys() for s in sources)
        if local or {"paths", "include", "patch"} & document.keys():
            raise NeedsSourceError(f"{named(path)} names folders of the project")
        files.append(path)
    return files


def _tool(call: Call, image: Image) -> Reads:
    """`cargo install NAME` reads which toolchain to use (and, by its docs, no project settings)."""
    files = _settings(image, call.folder)
    return reads_files(image, files) if files else tool_install()


def _cook(call: Call, image: Image, said: dict[str, str]) -> Reads:
    """`cargo chef cook` reads its recipe, which an earlier stage has made as a rule.

    https://github.com/LukeMathWalker/cargo-chef
    """
    recipe = call.at(said.get("--recipe-path", "recipe.json"))
    if not image.has(recipe):
        raise NeedsSourceError("its recipe does not come from the build context")
    return reads_files(image, [recipe, *_settings(image, call.folder)])


class _Crates:
    """The manifests of a workspace, and of the crates in the project that they name."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.files: list[str] = []

    def add(self, folder: str) -> None:
        """Take in the crate or workspace in a folder, and what it names."""
        waiting = [folder]
        while waiting:
            place = waiting.pop()
            path = join(place, "Cargo.toml")
            if path in self.files:
                continue
            if len(self.files) > MAX_FILES:
                raise NeedsSourceError(f"more than {MAX_FILES} files belong to it")
            document = toml_table(self._image, path)
            self.files.append(path)
            if "package" in document:
                _refuse_found_targets(document)
            waiting += _members(self._image, place, document)
            waiting += [join(place, crate) for crate in _paths(document)]


def _refuse_found_targets(document: dict[str, Any]) -> None:
    """Cargo reads no manifest of a crate without a target, and finds targets by their files.

    https://doc.rust-lang.org/cargo/reference/cargo-targets.html#target-auto-discovery
    """
    kinds = ("bin", "example", "test", "bench")
    targets = [target for kind in kinds for target in tables(document.get(kind))]
    if "lib" in document:
        targets.append(mapping(document["lib"]))
    if not targets or not all(isinstance(target.get("path"), str) for target in targets):
        raise NeedsSourceError("cargo reads no manifest without the `src` that belongs to it")


def _workspace(image: Image, folder: str) -> str:
    """The folder of the workspace that a crate belongs to, else its own.

    https://doc.rust-lang.org/cargo/reference/workspaces.html
    """
    own = toml_table(image, join(folder, "Cargo.toml"))
    said = table(own, "package").get("workspace")
    if isinstance(said, str):
        return join(folder, said)
    if "workspace" in own:
        return folder
    for place in upward(folder):
        path = join(place, "Cargo.toml")
        if place != folder and image.has(path) and "workspace" in toml_table(image, path):
            return place
    return folder


def _members(image: Image, root: str, document: dict[str, Any]) -> list[str]:
    said = mapping(document.get("workspace"))
    patterns = strings(said.get("members")) + ["!" + e for e in strings(said.get("exclude"))]
    return [place for place in chosen(image, root, "Cargo.toml", patterns) if place != root]


def _paths(document: dict[str, Any]) -> list[str]:
    """The folders of dependencies, and of what stands in for others."""
    groups = [document.get(group) for group in _GROUPS]
    groups.append(table(document, "workspace").get("dependencies"))
    for target in mapping(document.get("target")).values():
        groups += [mapping(target).get(group) for group in _GROUPS]
    groups += [*mapping(document.get("patch")).values(), document.get("replace")]
    crates = [mapping(crate) for group in groups for crate in mapping(group).values()]
    return [crate["path"] for crate in crates if isinstance(crate.get("path"), str)]


CARGO = Manager(
    name="cargo",
    programs=("cargo",),
    read=read,
    caches=(
        Cache(
            folder=".cargo",
            variables=(("CARGO_HOME", ""),),
            in_images=(("rust", "/usr/local/cargo"),),
            parts=("registry", "git/db"),  # programs and settings lie beside these
            cleaned_by=("cargo cache",),
            offline=("--offline", "--frozen"),
            shared=True,
        ),
    ),
    free=frozenset(
        "--profile --target --features -F -j --jobs --profile= --target= --features=".split()
    ),
)
"""https://doc.rust-lang.org/cargo/guide/cargo-home.html (cargo locks it for itself)"""

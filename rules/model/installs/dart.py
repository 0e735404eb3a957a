"""Dart and Flutter: `dart pub get` (https://dart.dev/tools/pub/cmd/pub-get)."""

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    join,
    source_install,
    tool_install,
)
from rules.model.installs.reading import (
    MAX_FILES,
    NeedsSourceError,
    following,
    here,
    mapping,
    reads_files,
    split_off,
    strings,
    upward,
    yaml_table,
)

_GROUPS = ("dependencies", "dev_dependencies", "dependency_overrides")


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `dart pub get` and `flutter pub get`."""
    words = [word for word in call.words if not word.startswith("-")]
    if words[:1] in (["compile"], ["build"], ["test"], ["run"]):
        return source_install("it compiles the source", split_off(read, call, image, "pub", "get"))
    if words[:1] == ["pub"]:
        words = words[1:]
    elif not call.program.endswith("pub"):
        return None
    if words[:2] == ["global", "activate"]:
        if words[2:] and not any(w.startswith((".", "/")) for w in words[2:]):
            return tool_install()
        return source_install("it installs a package from the project's own files")
    if words[:1] not in (["get"], ["upgrade"]):
        return None
    if words[1:] or {"-C", "--directory"} & set(call.words):
        return source_install("it works in a folder that is not followed")
    return _project(call.folder, image)


def _project(folder: str, image: Image) -> Reads:
    root = _workspace(image, folder)
    packages = [root]
    files: list[str] = []
    writes = [join(root, ".dart_tool")]
    while packages:
        place = packages.pop(0)
        manifest = join(place, "pubspec.yaml")
        if manifest in files:
            continue
        if len(files) > MAX_FILES:
            raise NeedsSourceError(f"more than {MAX_FILES} files belong to it")
        said = yaml_table(image, manifest)
        files.append(manifest)
        if mapping(said.get("flutter")).get("generate"):
            raise NeedsSourceError("`pubspec.yaml` makes it generate code from the source")
        overrides = here(image, place, "pubspec_overrides.yaml")
        files += [*here(image, place, "pubspec.lock"), *overrides]
        tables = [said, *(yaml_table(image, path) for path in overrides)]
        for table in tables:
            packages += [join(place, member) for member in strings(table.get("workspace"))]
            for group in _GROUPS:
                packages += _paths(place, mapping(table.get(group)))
    return reads_files(image, files, writes)


def _workspace(image: Image, folder: str) -> str:
    """The folder of the workspace (https://dart.dev/tools/pub/workspaces)."""
    if yaml_table(image, join(folder, "pubspec.yaml")).get("resolution") != "workspace":
        return folder
    for place in upward(folder):
        path = join(place, "pubspec.yaml")
        if place != folder and image.has(path) and "workspace" in yaml_table(image, path):
            return place
    raise NeedsSourceError("`pubspec.yaml` belongs to a workspace that is not there")


def _paths(folder: str, group: dict[str, object]) -> list[str]:
    """Packages in folders (https://dart.dev/tools/pub/dependencies#path-packages)."""
    found = [mapping(value).get("path") for value in group.values()]
    return [join(folder, path) for path in found if isinstance(path, str)]


DART = Manager(
    name="dart",
    programs=("dart", "flutter", "pub"),
    read=read,
    caches=(
        Cache(
            folder=".pub-cache",
            variables=(("PUB_CACHE", ""),),
            cleaned_by=("dart pub cache clean", "flutter pub cache clean"),
            offline=("--offline",),
            shared=True,
        ),
    ),
)
"""https://dart.dev/tools/pub/environment-variables: what compiles later reads packages from it."""

"""Swift: `swift package resolve` (https://docs.swift.org/package-manager/)."""

import posixpath

from rules.model.installs.install import Cache, Call, Image, Manager, Reads, join, source_install
from rules.model.installs.lines import refuse_words
from rules.model.installs.reading import (
    NeedsSourceError,
    following,
    nearest,
    reads_files,
    split_off,
)

_COMPILES = "`swift build` compiles the source when it has downloaded packages"
_BY_HAND = (
    "`swift package resolve` with `Package.swift` alone, or a cache mount, keeps the packages."
)
_READING = frozenset("FileManager Process contentsOfFile contentsOf fopen Data getenv".split())
_VALUED = frozenset("-c --configuration --package-path --scratch-path --cache-path -j".split())


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `swift package resolve`; a build needs the source."""
    words = [word for word in call.words if not word.startswith("-")]
    if words[:1] in (["build"], ["run"], ["test"]):
        moved = {"--package-path", "--scratch-path"} & set(call.words)
        first = None if moved else split_off(read, call, image, "package", "resolve")
        return source_install(_COMPILES, first, _BY_HAND)
    if words[:2] not in (["package", "resolve"], ["package", "update"]):
        return None
    if _VALUED & set(call.words):
        return source_install("it works in a folder that is not followed")
    folder = nearest(image, call.folder, "Package.swift")
    if folder is None:
        return source_install("`Package.swift` does not come from the build context")
    own = [path for path in image.below(folder) if posixpath.dirname(path) == folder]
    manifests = [path for path in own if posixpath.basename(path).startswith("Package")]
    for path in manifests:
        if path.endswith(".swift"):
            text = refuse_words(image, path, _READING)
            flat = "".join(text.split())
            if ".package(path:" in flat or (".package(name:" in flat and "path:" in flat):
                raise NeedsSourceError("`Package.swift` has a package among its own files")
    files = [p for p in manifests if p.endswith((".swift", ".resolved"))]
    return reads_files(image, files, (join(folder, ".build"),))


SWIFT = Manager(
    name="swift",
    programs=("swift",),
    read=read,
    caches=(Cache(folder=".cache/org.swift.swiftpm", locked=True),),
)
"""https://github.com/swiftlang/swift-package-manager (`--cache-path`): clones of packages."""

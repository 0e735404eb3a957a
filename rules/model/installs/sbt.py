"""sbt: `sbt update` (https://www.scala-sbt.org/1.x/docs/Organizing-Build.html)."""

import posixpath

from rules.model.installs.install import Cache, Call, Image, Manager, Reads, join, source_install
from rules.model.installs.lines import refuse_words
from rules.model.installs.reading import NeedsSourceError, following, here, reads_files, split_off

_READING = frozenset(
    "IO Source fromFile Process sys git dynver GitVersioning GitPlugin buildinfo RootProject "
    "ProjectRef unmanagedJars unmanagedBase load Files Paths".split()
)
_COMPILES = "the build compiles the source when it has downloaded what it needs"
_BY_HAND = "`sbt update` with the build files alone, or a cache mount, keeps what it downloads."
_PLUGINS = frozenset("dynver git release ci scalajs-bundler".split())


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `sbt update`; every other task may compile."""
    tasks = [word for word in call.words if not word.startswith("-")]
    if not tasks or tasks in (["sbtVersion"], ["exit"]):
        return None
    if tasks != ["update"]:
        return source_install(_COMPILES, split_off(read, call, image, "update"), _BY_HAND)
    folder = call.folder
    own = [path for path in image.below(folder) if posixpath.dirname(path) == folder]
    builds = [path for path in own if path.endswith(".sbt")]
    meta = join(folder, "project")
    metas = [path for path in image.below(meta) if "/target/" not in path]
    if not builds:
        raise NeedsSourceError("`build.sbt` does not come from the build context")
    for path in [*builds, *metas]:
        if path.endswith((".sbt", ".scala")):
            text = refuse_words(image, path, _READING)
            if any(f"sbt-{plugin}" in text for plugin in _PLUGINS):
                raise NeedsSourceError("a plugin of sbt may read `.git`")
    files = [*builds, *metas, *here(image, folder, ".sbtopts", ".jvmopts", ".sbtrc")]
    files += call.own_program()
    return reads_files(image, files, (join(folder, "target"), join(meta, "target")))


SBT = Manager(
    name="sbt",
    programs=("sbt", "sbtx"),
    read=read,
    caches=(
        Cache(
            folder=".cache/coursier/v1",
            variables=(("COURSIER_CACHE", ""), ("XDG_CACHE_HOME", "/coursier/v1")),
            shared=True,
        ),
        Cache(folder=".ivy2/cache", shared=True, locked=True),
        Cache(folder=".sbt/boot", shared=True, locked=True),
    ),
)
"""https://get-coursier.io/docs/cache and https://www.scala-sbt.org/1.x/docs/Command-Line-Reference.html"""

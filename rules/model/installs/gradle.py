"""Gradle: `gradle dependencies`, and `gradle build`, which downloads what is not there.

https://docs.gradle.org/current/userguide/directory_layout.html
"""

import posixpath

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    join,
    source_install,
    split_options,
)
from rules.model.installs.lines import literals, refuse_words
from rules.model.installs.reading import (
    MAX_FILES,
    NeedsSourceError,
    below,
    following,
    here,
    named,
    nearest,
    reads_files,
)

_VALUED = frozenset(
    "-p --project-dir -b --build-file -c --settings-file -g --gradle-user-home -I --init-script "
    "-x --exclude-task -P -D --include-build --console --warning-mode --max-workers "
    "--project-cache-dir --configuration --priority --write-verification-metadata -M".split()
)
_BY_HAND = "A cache mount on Gradle's home keeps what it downloads."
"""`gradle dependencies` would fetch no more than descriptions of what is needed."""
_REPORTING = frozenset("dependencies help tasks projects buildEnvironment properties".split())
_READING = frozenset(
    "File FileInputStream FileReader Files Paths exec execute ProcessBuilder Runtime readText "
    "readLines load withReader withInputStream fileTree files file fileProvider text bytes "
    "eachLine includeBuild includeFlat from evaluate providers XmlSlurper JsonSlurper git grgit "
    "gitProperties versioning palantir nebula axion scmVersion".split()
)
_SCRIPTS = ("build.gradle", "build.gradle.kts")
_SETTINGS = ("settings.gradle", "settings.gradle.kts")


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `gradle dependencies`, the wrapper's own download, and builds."""
    options, arguments = split_options(call.words, _VALUED)
    said = dict(options)
    places = [call.at(said[name]) for name in ("-p", "--project-dir") if name in said]
    folder = places[0] if places else call.folder
    if {"-v", "--version", "-h", "--help"} & said.keys():
        # The wrapper downloads Gradle for it, and looks at no build.
        return reads_files(image, _wrapper(call, image)) if _is_wrapper(call) else None
    if not arguments and not _is_wrapper(call):
        return None
    if not all(task.rpartition(":")[2] in _REPORTING for task in arguments):
        why = "the build compiles the source when it has downloaded what it needs"
        return source_install(why, instead=_BY_HAND)
    naming = {
        "-b",
        "--build-file",
        "-c",
        "--settings-file",
        "-I",
        "--init-script",
        "--include-build",
    }
    if naming & said.keys():
        return source_install("it reads scripts that are not followed")
    return _project(call, image, folder)


def _is_wrapper(call: Call) -> bool:
    return posixpath.basename(call.program) == "gradlew"


def _wrapper(call: Call, image: Image) -> list[str]:
    """The wrapper's files (https://docs.gradle.org/current/userguide/gradle_wrapper.html)."""
    if not _is_wrapper(call):
        return []
    program = call.at(call.program)
    folder = join(posixpath.dirname(program), "gradle/wrapper")
    jars = here(image, folder, "gradle-wrapper.jar", "gradle-wrapper.properties")
    if not image.has(program) or len(jars) < 2:
        raise NeedsSourceError("the wrapper of Gradle does not come from the build context")
    return [program, *jars]


def _project(call: Call, image: Image, folder: str) -> Reads:
    root = nearest(image, folder, *_SETTINGS) or folder
    settings = here(image, root, *_SETTINGS)
    files = [*_wrapper(call, image), *settings]
    projects = [root, *(join(root, n) for path in settings for n in _included(image, path))]
    for project in dict.fromkeys([*projects, folder]):
        for path in here(image, project, *_SCRIPTS):
            refuse_words(image, path, _READING)
            files.append(path)
        files += here(image, project, "gradle.properties", "gradle.lockfile")
    if not any(posixpath.basename(path) in _SCRIPTS for path in files):
        raise NeedsSourceError("`build.gradle` does not come from the build context")
    files += below(image, join(root, "gradle"))
    files += below(image, join(root, "buildSrc"))
    if len(files) > MAX_FILES:
        raise NeedsSourceError(f"more than {MAX_FILES} files belong to it")
    for path in files:
        if path.endswith((".gradle", ".gradle.kts")) and posixpath.basename(path) not in _SETTINGS:
            refuse_words(image, path, _READING)
    return reads_files(image, files, (join(root, ".gradle"), join(root, "buildSrc/build")))


def _included(image: Image, path: str) -> list[str]:
    """The folders of the projects that settings include with plain strings."""
    text = refuse_words(image, path, (_READING - {"from", "files", "providers"}) | {"projectDir"})
    found: list[str] = []
    listing = False
    for line in text.split("\n"):
        bare = line.strip()
        starts = bare.startswith(("include ", "include(", "include'", 'include"'))
        if starts or listing:
            names = literals(bare)
            if not names and bare not in ("include(", ")", ""):
                raise NeedsSourceError(f"{named(path)} includes projects in a way not followed")
            found += [name.strip(":").replace(":", "/") for name in names]
            listing = bare.endswith((",", "("))
        elif "include" in bare.split():
            raise NeedsSourceError(f"{named(path)} includes projects in a way not followed")
    return found


GRADLE = Manager(
    name="gradle",
    programs=("gradle", "gradlew"),
    read=read,
    caches=(
        Cache(
            folder=".gradle",
            variables=(("GRADLE_USER_HOME", ""),),
            options=("-g", "--gradle-user-home"),
            in_images=(("gradle", "/home/gradle/.gradle"),),
            parts=("caches", "wrapper"),
            offline=("--offline",),
            locked=True,
            shared=True,
        ),
    ),
)
"""https://docs.gradle.org/current/userguide/directory_layout.html#dir:gradle_user_home

Gradle's own lock does not reach into another container, so a mount must be locked
(https://docs.gradle.org/current/userguide/dependency_caching.html)."""

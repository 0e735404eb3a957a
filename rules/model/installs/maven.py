"""Maven: `mvn dependency:go-offline`, and `mvn package`, which downloads what is not there.

https://maven.apache.org/plugins/maven-dependency-plugin/ and https://maven.apache.org/pom.html
"""

import posixpath
from typing import TYPE_CHECKING

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
)
from rules.model.installs.reading import (
    MAX_FILES,
    NeedsSourceError,
    below,
    following,
    named,
    nearest,
    reads_files,
    xml_root,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_VALUED = frozenset(
    "-f --file -s --settings -gs --global-settings -pl --projects -P --activate-profiles -t "
    "--toolchains -gt --global-toolchains -T --threads -l --log-file -rf --resume-from -D --define "
    "-b --builder --color".split()
)
_BY_HAND = (
    "`mvn dependency:go-offline` with `pom.xml` alone, or a cache mount, keeps what it downloads."
)
_RESOLVING = frozenset(
    "go-offline resolve resolve-plugins resolve-sources sources tree list copy-dependencies "
    "collect".split()
)
_PLUGINS = ("dependency", "org.apache.maven.plugins:maven-dependency-plugin")
_PHASES = frozenset(
    "clean validate initialize generate-sources process-sources generate-resources "
    "process-resources compile process-classes test-compile test prepare-package package "
    "pre-integration-test integration-test verify install deploy site".split()
)


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `mvn dependency:go-offline`, `dependency:resolve`, and the phases of a build."""
    options, arguments = split_options(call.words, _VALUED)
    said = dict(options)
    goals = [_goal(word) for word in arguments]
    if not arguments or {"-v", "--version", "-h", "--help"} & said.keys():
        return None
    if not all(goals):
        if _PHASES & set(arguments):
            why = "the build compiles the source when it has downloaded its dependencies"
            return source_install(why, _first(call, image, said), _BY_HAND)
        return None
    return _resolve(call, image, said)


def _goal(word: str) -> bool:
    plugin, _, goal = word.rpartition(":")
    return goal in _RESOLVING and (plugin in _PLUGINS or plugin.rpartition(":")[0] in _PLUGINS)


def _first(call: Call, image: Image, said: dict[str, str]) -> Split | None:
    """What downloads the dependencies before a build."""
    if said.keys() & {"-pl", "--projects", "-rf", "--resume-from"}:
        return None
    try:
        reads = _resolve(call, image, said)
    except NeedsSourceError:
        return None
    poms = [path for path in reads.files if path.endswith(".xml")]
    if any(next(xml_root(image, pom).iter("module"), None) is not None for pom in poms):
        return None  # what depends on another module is not found before that is built
    kept = {"-f", "--file", "-s", "--settings", "-B", "--batch-mode", "-P", "-q", "-ntp"}
    words = [
        word for option in split_options(call.words, _VALUED)[0] for word in _again(option, kept)
    ]
    return Split((call.program or "mvn", *words, "dependency:go-offline"), reads)


def _again(option: tuple[str, str], kept: set[str]) -> list[str]:
    name, value = option
    if name not in kept and not name.startswith("-P"):
        return []
    return [name, value] if value else [name]


def _resolve(call: Call, image: Image, said: dict[str, str]) -> Reads:
    manifest = call.at(said.get("-f") or said.get("--file") or "pom.xml")
    if not manifest.endswith(".xml"):
        manifest = join(manifest, "pom.xml")
    projects = _Projects(image)
    projects.add(manifest)
    files = [*call.own_program(), *projects.files, *_settings(image, posixpath.dirname(manifest))]
    for names in (("-s", "--settings"), ("-gs", "--global-settings"), ("-t", "--toolchains")):
        for path in [call.at(said[name]) for name in names if name in said]:
            if not image.has(path) and not path.startswith(("/root/", "/usr/", "/etc/")):
                raise NeedsSourceError(f"{named(path)} does not come from the build context")
            files.append(path)
    return reads_files(image, files)


def _settings(image: Image, folder: str) -> list[str]:
    """The `.mvn` of the project (https://maven.apache.org/configure.html)."""
    names = [".mvn/" + n for n in ("maven.config", "extensions.xml", "jvm.config", "settings.xml")]
    names.append(".mvn/wrapper/maven-wrapper.properties")
    place = nearest(image, folder, *names)
    return below(image, join(place, ".mvn")) if place is not None else []


class _Projects:
    """A pom.xml with its parents and modules."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.files: list[str] = []

    def add(self, manifest: str) -> None:
        """Take in a project and all that it names."""
        waiting = [manifest]
        while waiting:
            path = waiting.pop(0)
            if path in self.files:
                continue
            if len(self.files) > MAX_FILES:
                raise NeedsSourceError(f"more than {MAX_FILES} files belong to it")
            root = xml_root(self._image, path)
            self.files.append(path)
            folder = posixpath.dirname(path)
            _refuse_local(path, root)
            waiting += self._parent(folder, root)
            for module in root.iter("module"):
                waiting.append(self._module(folder, (module.text or "").strip()))

    def _parent(self, folder: str, root: "Element") -> list[str]:
        """The parent's file, by default the one above, if it stands there.

        https://maven.apache.org/ref/current/maven-model/maven.html#class_parent
        """
        parent = root.find("parent")
        if parent is None:
            return []
        said = parent.findtext("relativePath", "../pom.xml").strip()
        if not said:
            return []
        path = join(folder, said)
        path = path if path.endswith(".xml") else join(path, "pom.xml")
        return [path] if self._image.has(path) else []

    def _module(self, folder: str, said: str) -> str:
        path = join(folder, said)
        path = path if path.endswith(".xml") else join(path, "pom.xml")
        if "$" in said or not said or not self._image.has(path):
            raise NeedsSourceError("a module of `pom.xml` does not come from the build context")
        return path


def _refuse_local(path: str, root: "Element") -> None:
    """Jars and repositories in folders of the project."""
    if next(root.iter("systemPath"), None) is not None:
        raise NeedsSourceError(f"{named(path)} names a jar among the project's own files")
    for repository in (*root.iter("repository"), *root.iter("pluginRepository")):
        if not repository.findtext("url", "https://").strip().startswith(("http://", "https://")):
            raise NeedsSourceError(f"{named(path)} has a repository that is not an address")


MAVEN = Manager(
    name="maven",
    programs=("mvn", "mvnw", "mvnd"),
    read=read,
    caches=(
        Cache(
            folder=".m2/repository",
            options=("-Dmaven.repo.local",),
            cleaned_by=("mvn dependency:purge-local-repository",),
            offline=("-o", "--offline"),
            locked=True,
            shared=True,
        ),
    ),
    free=frozenset("-D -P --activate-profiles -T --threads".split()),
)
"""https://maven.apache.org/guides/mini/guide-configuring-maven.html#configuring-your-local-repository

Not made for several builds at once (https://maven.apache.org/resolver/local-repository.html)."""

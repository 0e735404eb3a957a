"""What stands in the image before a step, as far as COPY and ADD of the build context tell."""

import posixpath
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Copy, Layer, Mount
from rules.model.cached import cached_property
from rules.model.sources import ROOT

_MOST_ALIKE = 100


_NAMED_BY = {
    "mix.exs": ("/config/config.exs", "/config/dev.exs", "/config/prod.exs", "/config/test.exs"),
    "package.json": ("/.npmrc", "/pnpm-workspace.yaml", "/.yarnrc.yml"),
}
"""Files that are read when one of this name is."""
_AROUND_PROJECTS = (
    *("/Directory.Build.props", "/Directory.Build.targets", "/Directory.Packages.props"),
    *("/nuget.config", "/NuGet.config", "/NuGet.Config"),
)


class Copied:
    """The files that some COPY and ADD layers leave in the image, the later over the earlier."""

    def __init__(self, build: Build, layers: Sequence[Layer], mounts: Sequence[Mount] = ()) -> None:
        """`layers`: in order; those without a copy do not matter. `mounts` lie over them."""
        self._build = build
        self._copies = [layer.copy for layer in layers if layer.copy is not None]
        self._copies += [_shown(build, mount) for mount in mounts if mount.type == "bind"]
        self._origins: dict[str, str | None] = {}
        self._asked: set[str] = set()

    def origin(self, path: str) -> str | None:
        """The file of the build context (relative to it) that stands at this absolute path."""
        if path not in self._origins:
            self._origins[path] = self._find(path)
        return self._origins[path]

    def _find(self, path: str) -> str | None:
        for copy in reversed(self._copies):
            if not from_context(copy):
                if _covers(copy, path):
                    return None  # another stage's file may lie there
                continue
            found = copy.origin(path)
            if found is not None:
                return found
            if copy.destination is None:
                return None
        return None

    def has(self, path: str) -> bool:
        """Whether a file of the build context stands there."""
        return self.origin(path) is not None

    def text(self, path: str) -> str | None:
        """The text of the file there, None when there is none or it cannot be read."""
        found = self._read(path)
        if found is None and self._build.repository.missing:
            self._ask_for_alike(posixpath.basename(path))
        return found

    def _read(self, path: str) -> str | None:
        found = self.origin(path)
        if found is None:
            return None
        return self._build.repository.read(posixpath.join(self._build.context.root, found))

    def _ask_for_alike(self, name: str) -> None:
        """Ask for all manifests of a kind at once: one names others, and a fetch takes a while."""
        if name in self._asked:
            return
        self._asked.add(name)
        kinds: tuple[str, ...] = ("/" + name,)
        if name.endswith("proj"):
            kinds = (posixpath.splitext(name)[1], *_AROUND_PROJECTS)
        kinds += _NAMED_BY.get(name, ())
        alike = [path for path in self._standing if path.endswith(kinds)]
        for path in sorted(alike, key=lambda path: path.count("/"))[:_MOST_ALIKE]:
            self._read(path)

    def below(self, folder: str) -> list[str]:
        """The absolute paths of all files of the build context in this folder and below it."""
        start = folder.rstrip("/") + "/"
        first = bisect_left(self._standing, start)
        last = bisect_left(self._standing, start[:-1] + "0")  # "0" follows "/"
        return self._standing[first:last]

    @cached_property
    def _standing(self) -> list[str]:
        """The absolute paths of all files of the build context, sorted."""
        found: set[str] = set()
        for copy in self._copies:
            if not from_context(copy):
                found = {path for path in found if not _covers(copy, path)}
                continue
            found.update(_placed(copy))
        return sorted(found)


def _shown(build: Build, mount: Mount) -> Copy:
    """A bind mount as the copy that would show the same."""
    image = None if mount.local else mount.from_ or ""
    return Copy(build.files, None, image, (mount.source,), (), (), mount.target, into_folder=False)


def from_context(copy: Copy) -> bool:
    """Whether a COPY or ADD takes files of the build context."""
    return copy.stage is None and copy.image is None


def _placed(copy: Copy) -> Iterator[str]:
    """The absolute paths at which a copy leaves files of the context."""
    plain = not (copy.parents or copy.unpacks or copy.exclude)
    if plain and copy.destination is not None and len(copy.matches) == 1 and copy.matches[0].folder:
        top = copy.matches[0].path
        start = 0 if top == ROOT else len(top) + 1
        folder = copy.destination.rstrip("/") + "/"
        yield from (folder + file[start:] for file in copy.files)
        return
    for file in copy.files:
        path = copy.target(file)
        if path is not None:
            yield path


def _covers(copy: Copy, path: str) -> bool:
    if copy.destination is None:
        return True
    folder = copy.destination.rstrip("/") + "/"
    return path == copy.destination or path.startswith(folder)


class _Nothing:
    """An image in which nothing was copied."""

    def has(self, _path: str) -> bool:
        return False

    def text(self, _path: str) -> str | None:
        return None

    def below(self, _folder: str) -> tuple[str, ...]:
        return ()


NOTHING = _Nothing()

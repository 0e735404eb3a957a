"""What a COPY or an ADD takes, and where it lands."""

import posixpath
from collections.abc import Iterator

from rules.model.cached import cached_property
from rules.model.dataclass import dataclass
from rules.model.ignore import IgnoreFile
from rules.model.sources import ROOT, Files, Match, has_wildcard, takes

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
_REMOTE = ("http://", "https://", "git://", "ssh://", "git@", "github.com/")


@dataclass(frozen=True)
class Copy:
    """A COPY or ADD with its words expanded.

    `stage` or `image` is where `--from` takes from; with neither it is the build context.
    """

    context: Files
    stage: int | None
    image: str | None
    sources: tuple[str, ...] | None
    """Paths as `sources.clean` writes them, without remote ones; None when one is unknown."""
    remote: tuple[str, ...]
    """URLs and git repositories of an ADD, as expanded."""
    inline: tuple[str, ...]
    """Names of heredocs."""
    destination: str | None
    """Absolute and cleaned; None when unknown."""
    into_folder: bool
    """Whether a file keeps its name below `destination` (else it is `destination`)."""
    exclude: IgnoreFile | None = None
    parents: bool = False
    """Whether paths keep their folders below `destination` (`--parents`)."""
    unpacks: bool = False
    """Whether local archives are unpacked (ADD)."""

    @property
    def local(self) -> bool:
        """Whether it takes files of the build context."""
        return self.stage is None and self.image is None and self.sources != ()

    @property
    def named(self) -> tuple[str, ...]:
        """The sources, none when one is unknown."""
        return self.sources or ()

    @cached_property
    def _reach(self) -> tuple[tuple[str, str], ...]:
        """The sources, and where symbolic links that they name lead, each with its own name."""
        own = tuple((source, source) for source in self.named)
        if self.context.link is None:
            return own
        links: list[tuple[str, str]] = []
        for source in self.named:
            tops = [source]
            if has_wildcard(source):
                tops = [match.path for match in self.context.match(source) if not match.folder]
            ends = ((self.context.follow(top), top) for top in tops)
            links += [(end, top) for end, top in ends if end is not None]
        return (*own, *links)

    @cached_property
    def matches(self) -> tuple[Match, ...]:
        """The files and folders of the context that the sources name, in their order."""
        if not self.local:
            return ()
        return tuple(m for source, _ in self._reach for m in self.context.match(source))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Context files that it takes, relative to the context root, sorted."""
        if not self.local:
            return ()
        if self.sources is None:
            return tuple(self.context.paths)
        if self.exclude is None and len(self.matches) == 1 and self.matches[0].folder:
            return tuple(self.context.under(self.matches[0].path))
        found: set[str] = set()
        for match in self.matches:
            below = self.context.under(match.path) if match.folder else [match.path]
            found.update(path for path in below if not self._excludes(match.path, path))
        return tuple(sorted(found))

    def takes(self, path: str) -> bool:
        """Whether it takes a context file or folder at this path, be it there now or not."""
        if not self.local:
            return False
        return self.sources is None or any(self._tops(path))

    def _tops(self, path: str) -> Iterator[tuple[str, str]]:
        """Find what the sources name on the way to a path, and as what they name it."""
        for source, name in self._reach:
            if takes(source, path):
                depth = 0 if source == ROOT else source.count("/") + 1
                top = "/".join(path.split("/")[:depth]) or ROOT
                if not self._excludes(top, path):
                    yield top, top if name == source else name

    def _excludes(self, top: str, path: str) -> bool:
        """`--exclude` is matched against the path below the source; the source itself is kept."""
        if self.exclude is None or path == top:
            return False
        return self.exclude.excludes(path if top == ROOT else path[len(top) + 1 :])

    def target(self, path: str) -> str | None:
        """Where a context file lands in the image, absolute; None when it does not or unknown."""
        if self.destination is None or not self.local or self.unpacked(path):
            return None
        for top, name in self._tops(path):
            if self.parents:
                return posixpath.join(self.destination, path)
            if path != top:
                below = path if top == ROOT else path[len(top) + 1 :]
                return posixpath.join(self.destination, below)
            if self.into_folder:
                return posixpath.join(self.destination, posixpath.basename(name))
            return self.destination
        return None

    def unpacked(self, path: str) -> bool:
        """Whether a context file is an archive that ADD unpacks: it lands as other files."""
        return (
            self.unpacks
            and path.endswith(_ARCHIVES)
            and any(top == path for top, _ in self._tops(path))
        )

    def origin(self, image_path: str) -> str | None:
        """Which context file lands at a path of the image; None when none does."""
        for path in self._candidates(posixpath.normpath(image_path)):
            if path in self.context.known and self.target(path) == image_path:
                return path
        return None

    def _candidates(self, image_path: str) -> Iterator[str]:
        if self.destination is None:
            return
        prefix = self.destination.rstrip("/") + "/"
        below = image_path[len(prefix) :] if image_path.startswith(prefix) else None
        for match in self.matches:
            if not match.folder:
                yield match.path
            elif below:
                yield below if match.path == ROOT or self.parents else f"{match.path}/{below}"


def is_remote(source: str) -> bool:
    """Whether ADD fetches this source: a URL or a git repository."""
    return source.startswith(_REMOTE)


def keeps_name(sources: tuple[str, ...], destination: str) -> bool:
    """Whether the words alone say that files land below the destination and keep their names.

    https://docs.docker.com/reference/dockerfile/#destination
    """
    return destination.rpartition("/")[2] in ("", ".", "..") or len(sources) > 1

"""The tree of one commit, and the texts of it that were fetched."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from rules.model.cached import cached_property
from rules.model.dataclass import dataclass
from rules.model.history import History

BOM = "\ufeff"


@dataclass(frozen=True)
class Repository:
    """The files of one commit: every path, and the text of those that somebody asked for.

    Rules ask with `read`. What they ask for and the edge did not bring along is collected in
    `missing`; the edge fetches it and the rules run once more. So rules do no I/O, and nothing
    is fetched that no rule needs.
    """

    paths: frozenset[str]
    """Paths of all files, relative to the root, `/` between the parts."""
    texts: Mapping[str, str | None] = field(default_factory=dict)
    """Texts by path; None for a file that is no UTF-8 text or is too large to be read."""
    executable: frozenset[str] = frozenset()
    """Paths with the executable bit."""
    symlinks: frozenset[str] = frozenset()
    """Paths that are symbolic links (their text is the target)."""
    complete: bool = True
    """False when the tree was too large to be listed whole: absence then proves nothing."""
    missing: set[str] = field(default_factory=set)
    """Paths that were asked for and are not in `texts`."""
    has_git: bool = True
    """Whether `.git` lies at the root, as in every clone; a folder on disk may have none."""
    history: History | None = None
    """The recent commits of the branch that a change goes to; None when nobody looked."""

    def read(self, path: str) -> str | None:
        """The text of a file, or None when there is no such file or it cannot be read (yet)."""
        if path not in self.texts:
            if path in self.paths:
                self.missing.add(path)
            return None
        return self.texts[path]

    def has(self, path: str) -> bool:
        """Whether there is a file at this path."""
        return path in self.paths

    def differing(self, before: "Repository") -> dict[str, str]:
        """The texts that are not what they were in an earlier state of this tree, by path.

        A byte order mark stays, although no reader of Dockerfiles shows it.
        """
        found: dict[str, str] = {}
        for path, text in self.texts.items():
            old = before.texts.get(path)
            mark = BOM if (old or "").startswith(BOM) and not (text or "").startswith(BOM) else ""
            if text is not None and mark + text != old:
                found[path] = mark + text
        return found

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file somewhere below it; the root is `""`."""
        found = {""}
        for path in self.paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    def fixed(self, texts: Mapping[str, str]) -> "Repository":
        """The same tree with other texts of Dockerfiles and ignore files, and perhaps new ones.

        They do not say who builds what: what was read of that stays.
        """
        paths = self.paths if texts.keys() <= self.paths else self.paths | texts.keys()
        after = replace(self, paths=paths, texts={**self.texts, **texts})
        if "_invocations" in self.__dict__:
            after.__dict__["_invocations"] = self.__dict__["_invocations"]
        return after

    def changed(self, texts: Mapping[str, str], removed: Iterable[str] = ()) -> "Repository":
        """The same tree with some texts replaced or added and some files removed."""
        gone = frozenset(removed)
        return Repository(
            paths=(self.paths | texts.keys()) - gone,
            texts={k: v for k, v in {**self.texts, **texts}.items() if k not in gone},
            executable=self.executable - gone,
            symlinks=self.symlinks - gone,
            complete=self.complete,
            has_git=self.has_git,
            history=self.history,
        )

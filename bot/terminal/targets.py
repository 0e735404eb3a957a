"""What a user names -> the Dockerfiles to look at, each in its working tree."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import rules
from bot.terminal.worktree import MAX_TEXT, Tree, read_tree, text_of, top_of
from rules.model.builder import is_dockerfile, is_ignore_file
from rules.model.dataclass import dataclass

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that could not be done, where, and why."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Target:
    """A Dockerfile in a tree.

    `ignore` is set where an ignore file was named, and this Dockerfile stands near it: then only
    what is found in that file counts. `name` is what the user calls it where that is no path.
    `asked` is set where the user named it, and did not name a folder that it lies in.
    """

    tree: Tree
    path: str
    ignore: str | None = None
    name: str | None = None
    asked: bool = False


class Search:
    """Finds what paths stand for. `faults` are the paths that stand for nothing."""

    def __init__(self, stdin: Callable[[int], bytes]) -> None:
        """`stdin(n)` reads at most n bytes of standard input."""
        self.faults: list[Fault] = []
        self._stdin = stdin
        self._trees: dict[Path, Tree] = {}

    def find(self, paths: Sequence[str]) -> list[Target]:
        """The Dockerfiles that files, folders and `-` stand for: each once, in order."""
        found: dict[tuple[Path, str, str | None], Target] = {}
        for path in paths:
            for target in self._stand_for(path):
                key = (target.tree.top, target.path, target.ignore)
                if target.asked or key not in found:
                    found[key] = target
        return list(found.values())

    def _stand_for(self, path: str) -> Iterator[Target]:
        if path == STANDARD_INPUT:
            yield self._given()
            return
        given = Path(path)
        try:
            if given.is_dir():
                yield from self._in_folder(given.resolve())
                return
            with given.open("rb"):
                place = given.parent.resolve() / given.name  # a link is told as one
        except OSError as error:
            self.faults.append(Fault(path, (error.strerror or str(error)).lower()))
            return
        tree = self._tree_of_file(place)
        inside = place.relative_to(tree.top).as_posix()
        if inside not in tree.repository.paths:  # in a folder of a tool, or beyond the bound
            tree = tree.with_file(inside)
        if is_ignore_file(inside):
            near = inside.rpartition("/")[0]
            for dockerfile in _dockerfiles(tree, near):
                yield Target(tree, dockerfile, ignore=inside)
        else:
            yield Target(tree, inside, asked=True)

    def _given(self) -> Target:
        """Standard input, as the Dockerfile of the folder here."""
        content = self._stdin(MAX_TEXT + 1)
        tree = self._tree(Path.cwd())
        path = (Path.cwd() / "Dockerfile").relative_to(tree.top).as_posix()
        return Target(
            tree.with_texts({path: text_of(content)}), path, name=STANDARD_INPUT, asked=True
        )

    def _in_folder(self, folder: Path) -> Iterator[Target]:
        tree = self._tree(folder)
        inside = folder.relative_to(tree.top).as_posix()
        for path in _dockerfiles(tree, "" if inside == "." else inside):
            yield Target(tree, path)

    def _tree(self, folder: Path) -> Tree:
        """The tree that a folder is looked at in, read once."""
        top = top_of(folder) or folder
        if top not in self._trees:
            self._trees[top] = read_tree(top)
        return self._trees[top]

    def _tree_of_file(self, place: Path) -> Tree:
        """The tree of a file. Without git the folder here tells more of how it is built."""
        here = Path.cwd()
        if top_of(place.parent) is None and place.is_relative_to(here):
            tree = self._tree(here)
            if tree.repository.complete:
                return tree
        return self._tree(place.parent)


def _dockerfiles(tree: Tree, folder: str) -> Iterator[str]:
    """The Dockerfiles below a folder, by their own name or by what builds them."""
    start = f"{folder}/" if folder else ""
    named = rules.named_dockerfiles(tree.repository)
    for path in sorted(tree.repository.paths):
        if path.startswith(start) and (is_dockerfile(path) or path in named):
            yield path

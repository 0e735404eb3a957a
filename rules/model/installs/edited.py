"""Commands that change a manifest by their own words: `go mod edit -replace=a=b`.

They can be said again before the source is there; an install then reads the changed text.
"""

from collections.abc import Iterable, Mapping, Sequence

from rules.model.cache import Build, Layer, once
from rules.model.installs.install import Call, Image
from rules.model.managers import manager_of
from rules.model.processes import Process


class Edited:
    """An image in which the texts of some files are others."""

    def __init__(self, image: Image, texts: Mapping[str, str]) -> None:
        """`texts`: by absolute path."""
        self._image = image
        self._texts = texts

    def has(self, path: str) -> bool:
        """Whether a file of the build context stands there."""
        return self._image.has(path)

    def text(self, path: str) -> str | None:
        """The text of the file there as it was left."""
        found = self._texts.get(path)
        return self._image.text(path) if found is None else found

    def below(self, folder: str) -> Iterable[str]:
        """The absolute paths of all files of the build context in this folder and below it."""
        return self._image.below(folder)


def edits_of(process: Process, image: Image) -> Mapping[str, str] | None:
    """The texts that a process leaves by its own words, by path; None where it does more."""
    manager = manager_of(process.name) if process.name else None
    words = tuple(word for word in process.args if word is not None)
    if manager is None or manager.edit is None or len(words) < len(process.args):
        return None
    if process.folder is None or process.open_ended or process.inside is not None:
        return None
    return manager.edit(Call(words, process.folder), image)


def edited(image: Image, copies: Sequence[Layer], runs: Sequence[Layer]) -> Image:
    """The image as RUNs leave it that change manifests, where no later copy brings these again."""
    texts: dict[str, str] = {}
    for layer in runs:
        for process in layer.processes:
            found = edits_of(process, Edited(image, texts)) if process.certain else None
            for path, text in (found or {}).items():
                later = (c.copy for c in copies if c.index > layer.index and c.copy is not None)
                if not any(copy.origin(path) is not None for copy in later):
                    texts[path] = text
    return Edited(image, texts) if texts else image


@once
def editing(build: Build) -> frozenset[int]:
    """The RUNs that may hold such a command."""
    runs = (layer for layer in build.layers if layer.instruction.keyword == "RUN")
    return frozenset(layer.index for layer in runs if "mod edit" in layer.instruction.value)

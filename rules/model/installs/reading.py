"""How the manifests of an install are read: bounded, and silent where they say too much."""

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any

from rules.model.installs.install import Call, Image, Reads, Split, join, source_install
from rules.model.prose import code
from rules.model.sources import match_name

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_FILES = 100
"""More files than this are not followed; a suggestion stays far below."""
SMALL_FOLDER = 12
"""A folder of the project with at most this many files may be listed whole."""
MAX_CHARACTERS = 128 * 1024
MAX_YAML = 64 * 1024
"""The loader in pure Python takes about a second for this."""
_MOST_PATTERNS = 100
_MOST_DOTS = 40
_MOST_BRACKETS = 2000
_DOTTED = re.compile(r"[\w.\"' \t-]+")


class NeedsSourceError(Exception):
    """Why an install must stay behind the source; a reader decorated with `following` says so.

    `instead` is how people have it download before, where it is certain that it downloads.
    """

    def __init__(self, reason: str, instead: str | None = None) -> None:
        """Both in words for the author."""
        super().__init__(reason)
        self.instead = instead


Reader = Callable[[Call, Image], Reads | None]


def following(read: Reader) -> Reader:
    """Make a reader that may raise NeedsSourceError one that returns the reason."""

    @wraps(read)
    def reader(call: Call, image: Image) -> Reads | None:
        try:
            found = read(call, image)
        except NeedsSourceError as reason:
            return source_install(str(reason), instead=reason.instead)
        if found is not None and len(found.files) > MAX_FILES:
            return source_install(f"more than {MAX_FILES} files belong to it")
        return found

    return reader


def reads_files(
    image: Image, files: Iterable[str], writes: Iterable[str] = (), **more: Any
) -> Reads:
    """An install that reads these files, each once and only where it stands."""
    there = tuple(path for path in dict.fromkeys(files) if image.has(path))
    return Reads(project=True, files=there, writes=tuple(dict.fromkeys(writes)), **more)


def split_off(read: Reader, call: Call, image: Image, *words: str) -> Split | None:
    """Another call of the same program, when it reads manifests alone: it can go first."""
    reads = read(replace(call, words=words), image)
    if reads is None or reads.needs_source is not None:
        return None
    return Split((call.program, *words), reads)


# Places.


def upward(folder: str) -> Iterator[str]:
    """The folder and those around it, up to the root."""
    yield folder
    while folder != "/":
        folder = posixpath.dirname(folder)
        yield folder


def here(image: Image, folder: str, *names: str) -> list[str]:
    """The files of these names that stand in a folder."""
    return [path for name in names if image.has(path := join(folder, name))]


def above(image: Image, folder: str, *names: str) -> list[str]:
    """The files of these names in a folder and in all around it."""
    return [path for place in upward(folder) for path in here(image, place, *names)]


def nearest(image: Image, folder: str, *names: str) -> str | None:
    """The folder, or the closest one around it, in which a file of these names stands."""
    return next((place for place in upward(folder) if here(image, place, *names)), None)


def below(image: Image, folder: str, *suffixes: str) -> list[str]:
    """The files below a folder whose paths end so, but for what was installed there."""
    start = folder.rstrip("/") + "/"
    return [
        path
        for path in image.below(folder)
        if path.endswith(suffixes or "") and "/node_modules/" not in path[len(start) - 1 :]
    ]


def small_folder(image: Image, folder: str, why: str) -> list[str]:
    """All files of a folder with few of them; raises NeedsSourceError with `why` otherwise."""
    files = list(image.below(folder))
    if not 0 < len(files) <= SMALL_FOLDER:
        raise NeedsSourceError(why)
    return files


def chosen(image: Image, folder: str, name: str, patterns: Sequence[str]) -> list[str]:
    """The folders below `folder` that hold a file `name` and match the patterns.

    `*` and `?` stay inside one name, `**` is any number of folders, and `!` takes away.
    """
    found = []
    start = len(folder.rstrip("/")) + 1
    if len(patterns) > _MOST_PATTERNS:
        raise NeedsSourceError(f"more than {_MOST_PATTERNS} patterns name what belongs to it")
    cleaned = [_clean(pattern) for pattern in patterns]
    for path in below(image, folder, "/" + name):
        place = posixpath.dirname(path)
        parts = place[start:].split("/") if len(place) > start else []
        taken = False
        for negated, pattern in cleaned:
            if taken is negated and matches(pattern, parts):
                taken = not negated
        if taken:
            found.append(place)
    if len(found) > MAX_FILES:
        raise NeedsSourceError(f"more than {MAX_FILES} files belong to it")
    return found


def _clean(pattern: str) -> tuple[bool, list[str]]:
    negated = pattern.startswith("!")
    bare = pattern.removeprefix("!")
    if set(bare) & set("{}()$\\") or len(bare) > 200 or bare.startswith("/"):
        raise NeedsSourceError(f"{code(pattern)} is a pattern that is not followed")
    path = posixpath.normpath(bare)
    return negated, [] if path == "." else path.split("/")


def matches(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a pattern, in product time."""
    reached = {0}
    for part in [*parts, None]:
        for place in sorted(reached):
            while place < len(pattern) and pattern[place] == "**":
                place += 1
                reached.add(place)
        if part is None:
            break
        after = {p for p in reached if p < len(pattern) and pattern[p] == "**"}
        after |= {
            p + 1
            for p in reached
            if p < len(pattern) and pattern[p] != "**" and match_name(pattern[p], part)
        }
        reached = after
    return len(pattern) in reached


# Texts.


def named(path: str) -> str:
    """A file's name for a sentence."""
    return code(posixpath.basename(path))


def required(image: Image, path: str, most: int = MAX_CHARACTERS) -> str:
    """The text of a manifest, without a byte order mark and with LF; raises NeedsSourceError."""
    text = image.text(path)
    if text is None:
        raise NeedsSourceError(f"{named(path)} does not come from the build context as a text file")
    if len(text) > most:
        raise NeedsSourceError(f"{named(path)} is too large to be followed")
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def json_table(image: Image, path: str) -> dict[str, Any]:
    """A JSON object."""
    return _table(path, json.loads, required(image, path), "JSON")


def toml_table(image: Image, path: str) -> dict[str, Any]:
    """A TOML document."""
    return _table(path, _load_toml, required(image, path), "TOML")


def yaml_table(image: Image, path: str) -> dict[str, Any]:
    """A YAML mapping without anchors and tags of its own; empty when the file is."""
    return _table(path, _load_yaml, required(image, path), "YAML") or {}


def _load_toml(text: str) -> Any:
    """Load TOML, but no dotted keys that are long: tomllib takes quadratic time for these."""
    if any(run.count(".") > _MOST_DOTS for run in _DOTTED.findall(text)):
        raise ValueError(text[:0])
    import tomllib  # noqa: PLC0415  # many have no such manifest

    return tomllib.loads(text)


@lru_cache(maxsize=16)
def _loaded(load: Callable[[str], Any], text: str) -> Any:
    """A document, which nobody changes: each proof reads those that the finding was made of."""
    return load(text)


def _table(path: str, load: Callable[[str], Any], text: str, kind: str) -> dict[str, Any]:
    try:
        found = _loaded(load, text)
    except (ValueError, RecursionError):
        raise NeedsSourceError(f"{named(path)} cannot be read as {kind}") from None
    if not isinstance(found, dict):
        raise NeedsSourceError(f"{named(path)} is no table of keys")
    return found


def _load_yaml(text: str) -> Any:
    if len(text) > MAX_YAML or text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise ValueError(text[:0])
    from rules.model.installs.yaml_text import load  # noqa: PLC0415  # few have such a manifest

    found = load(text)
    return {} if found is None else found


def xml_root(image: Image, path: str) -> "Element":
    """The root of an XML file that declares no entities, its names without namespaces."""
    from xml.etree import ElementTree as ET  # noqa: PLC0415  # few have such a manifest

    text = required(image, path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NeedsSourceError(f"{named(path)} declares a document type")
    try:
        root = ET.fromstring(text)  # noqa: S314  (no entities: see above)
    except (ET.ParseError, ValueError):
        raise NeedsSourceError(f"{named(path)} cannot be read as XML") from None
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def mapping(value: Any) -> dict[str, Any]:
    """A table inside a document, empty when something else stands there."""
    return value if isinstance(value, dict) else {}


def strings(value: Any) -> list[str]:
    """The strings of a list inside a document."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def tables(value: Any) -> list[dict[str, Any]]:
    """The tables of a list inside a document."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def table(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A table inside tables, empty when it is not there."""
    for key in keys:
        document = mapping(document.get(key))
    return document


def is_url(value: str) -> bool:
    """Whether a value is an address on the network (or of a version control system)."""
    scheme, found, _ = value.partition("://")
    return bool(found) and scheme.lower() != "file"

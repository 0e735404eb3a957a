"""Build files that are programs (Gradle, sbt, Mix, Bundler): what they read, as far as it shows.

They are not run, only looked at: what could read a file, start a program or take in another
script makes the install need the source.
"""

import re
from collections.abc import Iterable

from rules.model.installs.install import Image
from rules.model.installs.reading import NeedsSourceError, named, required
from rules.model.prose import code

_LONGEST = 4000
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*[?!]?")


def words_of(text: str) -> set[str]:
    """The names in a text, whatever they stand for."""
    return set(_WORD.findall(text))


def refuse_words(image: Image, path: str, words: Iterable[str], comment: str = "//") -> str:
    """The text of a build file that holds none of these names outside comments of whole lines."""
    text = without_comments(required(image, path), comment)
    for word in sorted(words_of(text) & set(words)):
        raise NeedsSourceError(f"{named(path)} may read other files ({code(word)})")
    return text


def without_comments(text: str, comment: str) -> str:
    """A text without the lines that are comments, none of the others very long."""
    lines = [line for line in text.split("\n") if not line.lstrip().startswith(comment)]
    if any(len(line) > _LONGEST for line in lines):
        raise NeedsSourceError("a build file has a very long line")
    return "\n".join(lines)


def literals(line: str) -> list[str]:
    """The quoted strings of a line that hold no escape and no expression."""
    found = []
    rest = line
    while rest:
        at = min((i for i in (rest.find("'"), rest.find('"')) if i >= 0), default=-1)
        if at < 0:
            break
        end = rest.find(rest[at], at + 1)
        if end < 0:
            break
        found.append(rest[at + 1 : end])
        rest = rest[end + 1 :]
    return [text for text in found if not set(text) & set("\\$#")]

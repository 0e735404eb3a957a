"""What a command removes, or moves or copies away as a whole: paths, patterns and searches.

On a folder that has a mount that fails (`Device or resource busy`), empties the mount, or takes
along what is in no layer.
"""

import posixpath
import re
from collections.abc import Iterable
from itertools import pairwise

from rules.model.accounts import ROOT, account_of
from rules.model.cache import Build, Layer
from rules.model.mounts import set_in_file
from rules.model.places import overlap
from rules.model.processes import Process
from rules.model.script import Compound, Script, Word

_REMOVERS = frozenset("rm rmdir shred unlink".split())
_TAKERS = frozenset("cp mv rsync".split())
"""They take all that they name but the last."""
_HARMLESS = frozenset("chgrp chmod chown echo grep ls sed strip touch".split())
"""What `find -exec` may start without anything going."""
_NAMES = frozenset("-name -iname -path -ipath -wholename -iwholename".split())
_GLOBS = ("/*", "/**", "/.", "/", "*")
_UNKNOWN = ("~", "$", "`")
_SPECIAL = re.compile(r"[*?\[\]{$`]")


def home_of(build: Build, layer: Layer, process: Process) -> str | None:
    """The folder that `~` stands for in a command; None when it is not named, or not known."""
    if not any("~" in word.raw or "HOME" in word.raw for word in process.argv):
        return None
    if "HOME" in process.environment:
        return process.environment["HOME"]
    said = set_in_file(layer, "HOME") if process.inherits else None
    if said is not None:
        return said.value.text
    account = account_of(build, layer, process.user or layer.user)
    return None if account is None else account.home


def operands(process: Process) -> list[tuple[Word, str]]:
    """The words of a command that are no options, each with its text as far as that is known."""
    found: list[tuple[Word, str]] = []
    ended = False
    for word, value in zip(process.argv[1:], process.args, strict=True):
        if ended or not word.value.startswith("-"):
            found.append((word, word.value if value is None else value))
        ended = ended or word.value == "--"
    return found


def path_of(text: str, folder: str | None, home: str | None) -> str | None:
    """The absolute path that a word names in a folder, patterns and what is unknown as written.

    None when where it begins is not known.
    """
    for start, place in (("~", home), ("$HOME", home), ("${HOME}", home), ("~root", ROOT.home)):
        if place is not None and (text == start or text.startswith(f"{start}/")):
            text = place + text[len(start) :]
    if not text or text.startswith(_UNKNOWN) or (folder is None and not text.startswith("/")):
        return None
    return "/" + posixpath.normpath(posixpath.join(folder or "/", text)).lstrip("/")


def plain_path(text: str, folder: str | None, home: str | None) -> str | None:
    """The same without the pattern at its end (`/a/*`); None where there is any other."""
    for glob in _GLOBS:
        text = text.removesuffix(glob) if len(text) > len(glob) else text
    path = path_of(text, folder, home)
    return None if path is None or _SPECIAL.search(path) else path


def top_of(text: str, folder: str | None, home: str | None) -> str | None:
    """The folder below which all lies that a word names (`/a` of `/a/*_*`); None if not known."""
    path = plain_path(text, folder, home) or path_of(text, folder, home)
    sign = _SPECIAL.search(path or "")
    return posixpath.dirname(path[: sign.start()]) if path and sign else path


def may_take(
    build: Build, layer: Layer, process: Process, folder: str, apart: Iterable[Word] = ()
) -> bool:
    """Whether a command may remove or take away a folder, what lies in it or what it lies in.

    Some of its words may be left `apart`.
    """
    if process.name == "find":
        return _may_find(build, layer, process, folder)
    left = {id(word) for word in apart}
    texts = [text for word, text in operands(process) if id(word) not in left]
    if process.name in _TAKERS:
        texts = texts if "--delete" in process.args else texts[:-1]
    elif process.name == "tar":
        texts = [text for text in texts if text != "/"] if _makes_archive(process) else []
    elif process.name not in _REMOVERS:
        return False
    if process.open_ended and _is_fed(build, layer, process, folder):
        return True
    home = home_of(build, layer, process)
    return any(_may_name(layer, process, text, home, folder) for text in texts)


def _makes_archive(process: Process) -> bool:
    """Whether a `tar` does: `--create`, `-czf`, or `czf` as its first word."""
    words = [word or "" for word in process.args]
    letters = [w for w in words if w.startswith("-") and not w.startswith("--")]
    letters += [w for w in words[:1] if w.isalpha()]
    return "--create" in words or any("c" in each for each in letters)


def _is_fed(build: Build, layer: Layer, process: Process, folder: str) -> bool:
    """Whether a command gets the folder from the pipeline that it stands in (`xargs rm`)."""
    before = [p for p in layer.processes if p.item == process.item and p is not process]
    searches = [p for p in before if p.name == "find"]
    if searches and len(searches) == len(before):
        return any(_may_find(build, layer, p, folder, removing=True) for p in searches)
    return _may_be_told(layer, process, folder)


def _may_find(
    build: Build, layer: Layer, process: Process, folder: str, *, removing: bool = False
) -> bool:
    """Whether a search that removes what it finds may find a folder (`find / -delete`)."""
    values = zip(process.argv[1:], process.args, strict=True)
    words = [word.value if value is None else value for word, value in values]
    words = [word for word in words if word not in ("-H", "-L", "-P")]
    started = {word for option, word in pairwise(words) if option.startswith("-exec")}
    if not (removing or "-delete" in words or not started <= _HARMLESS):
        return False
    end = next((i for i, w in enumerate(words) if w[:1] in ("-", "(", "!")), len(words))
    home = home_of(build, layer, process)
    tops = words[:end] or ["."]
    near = [top for top in tops if _may_name(layer, process, top, home, folder)]
    if all(path_of(top, process.folder, home) == "/" for top in near):
        return bool(near) and _may_have_name(words[end:], folder)
    return True


def _may_have_name(tests: list[str], folder: str) -> bool:
    """Whether a folder, or one that it lies in, may pass a search by name below `/`."""
    names = [word for test, word in pairwise(tests) if test in _NAMES]
    if not names or "!" in tests or "-not" in tests:
        return True
    parts = folder[1:].split("/")
    return any(_may_match(posixpath.basename(name), part) for name in names for part in parts)


def _may_name(layer: Layer, process: Process, text: str, home: str | None, folder: str) -> bool:
    """Whether a word may name a folder, what lies in it or what it lies in."""
    path = path_of(text, process.folder, home)
    if path is not None:
        return _may_meet(path, folder)
    if text.startswith(("$", "`")):
        return _may_be_told(layer, process, folder)
    if text.startswith("~"):
        text = text.partition("/")[2]  # of a home that is not known, or behind such a `cd`
    first = text.partition("/")[0]
    return first in ("", ".", "..") or any(_may_match(first, p) for p in folder[1:].split("/"))


def _may_meet(pattern: str, folder: str) -> bool:
    """Whether one of the paths of a pattern is a folder, lies in it or holds it."""
    for part, name in zip(pattern[1:].split("/"), folder[1:].split("/"), strict=False):
        if part and not _may_match(part, name):
            return False
        if part and {*"{$`"} & {*part}:
            return True  # it may go on in any way
    return True


def _may_match(pattern: str, name: str) -> bool:
    """Whether a pattern for one name may match it, by what stands before and behind its signs."""
    signs = list(_SPECIAL.finditer(pattern))
    if not signs:
        return pattern == name
    start, end = pattern[: signs[0].start()], pattern[signs[-1].end() :]
    end = "" if {*"{$`"} & {*pattern} else end
    return name.startswith(start) and name.endswith(end) and len(name) >= len(start) + len(end)


def _may_be_told(layer: Layer, process: Process, folder: str) -> bool:
    """Whether a word whose start is unknown may name a folder, in it or around it: told elsewhere.

    By a `for`, a substitution or what a pipeline or a heredoc feeds it.
    """
    if process.inside is not None or layer.script is None:
        return True
    key = (_may_be_told, folder)
    if key not in layer.remembered:
        told = _telling(layer.script)
        layer.remembered[key] = any(_is_near(word, folder) for word in told)
    near: bool = layer.remembered[key]
    return near


def _is_near(word: str, folder: str) -> bool:
    if word.startswith("/"):
        return overlap(posixpath.normpath(word), folder)
    return word.removeprefix("~/").partition("/")[0] in folder[1:].split("/")


def _telling(script: Script) -> frozenset[str]:
    """The words of a script that others get as values: of `for`, substitutions and pipelines."""
    found = {word for body in script.bodies for word in body.text.split()}
    waiting = [(node, len(i.pipeline) > 1) for i in script.items for node in i.pipeline]
    while waiting:
        node, tells = waiting.pop()
        if isinstance(node, Compound):
            found.update(word.value for word in node.words if tells or node.kind == "for")
        elif tells:
            found.update(word.value for word in node.argv)
        found.update(r.target.value for r in node.redirects if r.operator == "<<<")
        blocks = [(block, True) for block in node.substitutions]
        blocks += [(block, tells) for block in (node.blocks if isinstance(node, Compound) else ())]
        waiting += [
            (each, inner or len(item.pipeline) > 1)
            for block, inner in blocks
            for item in block
            for each in item.pipeline
        ]
    return frozenset(found)

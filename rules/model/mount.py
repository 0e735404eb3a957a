"""`RUN --mount`: what it brings to a RUN, and what of it is part of the step's key.

https://docs.docker.com/reference/dockerfile/#run---mount
"""

import csv
import posixpath
from collections.abc import Callable

from rules.model.dataclass import dataclass
from rules.model.sources import ROOT, clean

_NAMES = {"dst": "target", "destination": "target", "src": "source", "ro": "readonly",
          "rw": "readwrite"}  # fmt: skip
_OWN = frozenset(["type", "target", "source", "from", "id", "sharing"])


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount, its values expanded and its defaults filled in."""

    type: str
    """bind, cache, tmpfs, secret or ssh."""
    target: str | None
    """Absolute and cleaned; None where it has none or it is unknown."""
    source: str
    """Path in what it mounts, as `sources.clean` writes it: `.` is all of it."""
    from_: str | None
    """The stage or image it mounts, as written; None for the build context."""
    stage: int | None
    """Index of the stage that `from_` names."""
    id: str | None
    sharing: str
    """Of a cache: shared, private or locked."""
    uid: int | None
    gid: int | None
    options: tuple[tuple[str, str | None], ...]
    """All options as written, their values expanded where that is known."""

    @property
    def local(self) -> bool:
        """Whether it binds files of the build context."""
        return self.type == "bind" and self.from_ is None

    @property
    def key(self) -> tuple[object, ...]:
        """What of it is part of the step's key, apart from the content that it mounts.

        Of a cache's id and sharing only whether they are the defaults: BuildKit leaves them out
        otherwise (`checkShouldClearCacheOpts`), so that another id re-runs nothing.
        """
        others = ((_NAMES.get(name, name), value) for name, value in self.options)
        rest = tuple(sorted((name, value or "true") for name, value in others if name not in _OWN))
        if self.type != "cache":
            return (self.type, self.target, self.source, self.id, rest)
        plain = self.id == self.target and self.sharing == "shared"
        return (self.type, self.target, self.source, plain, rest)


def read_mount(
    value: str,
    folder: str | None,
    expand: Callable[[str], str | None],
    find_stage: Callable[[str], int | None],
) -> Mount:
    """Read the value of one `--mount` flag; never raises: what is wrong is left out.

    `folder` is the working directory. `expand` gives a value's text, None when it is unknown.
    """
    options: list[tuple[str, str | None]] = []
    known: dict[str, str | None] = {}
    for field in next(csv.reader([value]), []):
        name, equals, raw = field.partition("=")
        name = name.strip().lower()
        expanded = expand(raw) if equals else None
        options.append((name, (raw if expanded is None else expanded) if equals else None))
        known[_NAMES.get(name, name)] = expanded if equals else "true"
    kind = known.get("type", "bind") or "bind"
    target, identity = _target(kind, known, folder)
    from_ = known.get("from") if "from" in known else None
    return Mount(
        type=kind,
        target=target,
        source=clean(known.get("source") or ROOT),
        from_=from_,
        stage=None if from_ is None else find_stage(from_),
        id=identity,
        sharing=known.get("sharing") or "shared",
        uid=read_number(known.get("uid")),
        gid=read_number(known.get("gid")),
        options=tuple(options),
    )


def _target(
    kind: str, known: dict[str, str | None], folder: str | None
) -> tuple[str | None, str | None]:
    """Give the target, absolute where that is known, and the id, which follows from it."""
    target, identity = known.get("target"), known.get("id")
    if kind == "secret":
        identity = identity or (posixpath.basename(target) if target else None)
        if target is None and identity and "env" not in known:
            target = f"/run/secrets/{identity}"
        return target, identity
    if kind == "bind" and known.get("target", "") == "":
        return folder, identity  # BuildKit joins what is named to the working directory
    if kind == "ssh" or target is None:
        return target, identity
    if kind == "cache" and identity is None:
        identity = posixpath.normpath(target)
    if not target.startswith("/"):
        if folder is None:
            return None, identity
        target = posixpath.join(folder, target)
    return posixpath.normpath(target), identity


def read_number(text: str | None) -> int | None:
    """A whole number of at most ten digits (for longer ones `int` raises), None for all else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 11 else None

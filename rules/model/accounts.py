"""Whom a RUN runs as: the account's number and its home, where the file or its base image tells.

A mount below the home of an account whose number is not known could not be written to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rules.model.cache import Build, Layer
from rules.model.dataclass import dataclass
from rules.model.lineage import base_image, seen_by
from rules.model.mount import read_number


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the image whose home is there; `gid` None where it is not certain."""

    name: str
    uid: int
    gid: int | None
    home: str


ROOT = Account("root", 0, 0, "/root")

_IN_IMAGES = {
    "node": Account("node", 1000, 1000, "/home/node"),
    "oven/bun": Account("bun", 1000, 1000, "/home/bun"),
    "gradle": Account("gradle", 1000, 1000, "/home/gradle"),
}
"""Accounts that images come with, from the images' own Dockerfiles."""


def account_of(build: Build, layer: Layer, user: str | None) -> Account | None:
    """The account of a user as USER or a wrapper names it; None when it is not certain."""
    if user is None:
        return None
    name, colon, group = user.partition(":")
    if name in ("root", "0"):
        return ROOT
    runs = (each for each in (*seen_by(build, layer), layer) if each.instruction.keyword == "RUN")
    if any(each.words & _CHANGERS for each in runs):
        return None
    known = [*_made(build, layer), _IN_IMAGES.get(base_image(build, layer.stage).name)]
    account = next((a for a in known if a is not None and name in (a.name, str(a.uid))), None)
    if account is None or not colon or group in (account.name, str(account.gid)):
        return account
    return replace(account, gid=read_number(group))


def _made(build: Build, layer: Layer) -> Iterator[Account]:
    """Accounts that RUNs before a layer make, the last first."""
    for other in reversed(seen_by(build, layer)):
        if other.instruction.keyword != "RUN" or not other.words & _MAKERS.keys():
            continue
        for process in other.processes:
            if process.name in _MAKERS and process.certain and None not in process.args:
                account = _read(process.name, [word or "" for word in process.args])
                if account is not None:
                    yield account


_MAKERS = {"useradd": "bcdefgGkKpRsuZ", "adduser": "hgsGuk"}
"""Programs that make an account, and their letters that have a value."""
_CHANGERS = frozenset("usermod groupmod userdel deluser".split())
"""Programs after which an account may have another number, or be gone."""
_LONG = frozenset(
    "--uid --gid --home --home-dir --shell --gecos --comment --groups --ingroup --skel "
    "--base-dir --password --expiredate --inactive --key".split()
)


def _read(program: str, words: Sequence[str]) -> Account | None:
    """Read a call; None unless it gives a number and makes a home.

    https://manpages.debian.org/bookworm/passwd/useradd.8.en.html and
    https://manpages.debian.org/bookworm/adduser/adduser.8.en.html
    """
    said: dict[str, str] = {}
    names: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            said[name] = value if equals or name not in _LONG else next(rest, "")
        elif word.startswith("-"):
            for place, letter in enumerate(word[1:], start=2):
                if letter in _MAKERS[program]:
                    said[letter] = word[place:] or next(rest, "")
                    break
                said[letter] = ""
        else:
            names.append(word)
    system = said.keys() & {"r", "S", "--system"}
    if program == "useradd":
        makes_home = bool(said.keys() & {"m", "--create-home"})
        home = said.get("d", said.get("--home-dir", said.get("--home")))
        gid = said.get("g", said.get("--gid"))
    else:
        makes_home = not said.keys() & {"H", "--no-create-home"}
        home = said.get("h", said.get("--home"))
        gid = said.get("--gid")
    uid = read_number(said.get("u", said.get("--uid")))
    if len(names) != 1 or not makes_home or system or uid is None:
        return None
    return Account(names[0], uid, read_number(gid), home or f"/home/{names[0]}")

"""What people ask for in a comment: `/layerwise fix` -> Command."""

import re
from dataclasses import dataclass

VERBS = ("review", "fix", "ignore", "help")
_PREFIX = "/layerwise"
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_MOST = 65_536  # characters: no comment is longer


@dataclass(frozen=True, slots=True)
class Command:
    """One of VERBS, or "" for a word that is none; `rule` belongs to "ignore"."""

    verb: str
    rule: str = ""


def read_command(body: str) -> Command | None:
    """The first line of a comment that begins with `/layerwise`, outside fenced code.

    Case and closing punctuation do not matter: people write "/layerwise fix, please".
    """
    fenced = False
    for line in body[:_MOST].split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        words = line.strip().lower().split()
        if fenced or not words or words[0].rstrip(",.:;!") != _PREFIX:
            continue
        verb, rule, *_ = [word.strip(",.:;!`") for word in words[1:3]] + ["", ""]
        if verb not in VERBS:
            return Command("")
        return Command(verb, rule if verb == "ignore" else "")
    return None

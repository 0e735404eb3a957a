"""Commands that cost next to nothing: whether they run again is not worth a word."""

from collections.abc import Sequence

_PROGRAMS = frozenset(
    ": . [ a2dismod a2dissite a2enmod a2ensite basename cd chmod cp date dirname "
    "docker-php-ext-enable echo exit export false id ln mkdir mv nproc printf pwd rm rmdir set sed "
    "sleep source test touch true umask uname unset which whoami".split()
)
_CONFIGURING = frozenset(
    {("git", "init")}
    | {("corepack", "enable"), ("corepack", "disable")}
    | {(p, "config") for p in "bundle composer git npm pip pnpm poetry yarn".split()}
)
"""A program and its first argument: these write a few lines of settings."""


def is_cheap(words: Sequence[str]) -> bool:
    """Whether a simple command, unwrapped, the program first, costs next to nothing."""
    return not _PROGRAMS.isdisjoint(words[:1]) or tuple(words[:2]) in _CONFIGURING

"""Peace with other linters: what a fix would set off there is said beforehand. Pure.

Run on 2.15.1 of hadolint and 0.45.0 of tally: neither minds a cache mount, nor `--no-cache-dir`
gone from beside one. hadolint minds a RUN straight behind another with the same mounts (DL3059).
"""

import itertools

from rules.model.cache import Build
from rules.model.repository import Repository

SETTINGS = (".hadolint.yaml", ".hadolint.yml")
IN_A_ROW = "hadolint will say DL3059 here: these RUNs stay apart so that each is cached by itself."


def read_settings(repository: Repository) -> str | None:
    """The text of hadolint's settings, "" without any; None where hadolint is not in use."""
    for path in SETTINGS:
        if repository.has(path):
            return repository.read(path) or ""
    return None


def notes(before: Build, after: Build) -> tuple[str, ...]:
    """What to say of the way from one build to another, where hadolint is in use."""
    settings = read_settings(before.repository)
    if settings is None and "hadolint" not in before.dockerfile.text:
        return ()
    if "DL3059" in (settings or "") or "DL3059" in before.dockerfile.text:  # it was told off
        return ()
    return (IN_A_ROW,) if _in_a_row(after) > _in_a_row(before) else ()


def _in_a_row(build: Build) -> int:
    """How many RUNs stand straight behind another with the same mounts."""
    count = 0
    for one, other in itertools.pairwise(build.dockerfile.instructions):
        runs = one.keyword == other.keyword == "RUN"
        count += runs and one.values("mount") == other.values("mount")
    return count

"""A local git clone as a Snapshot: `base...head` as if it were a pull request."""

from pathlib import Path

import rules
from bot.analysis import analyse_all
from bot.config import PATH, read_config
from bot.review import Reviewed, compose
from bot.terminal.clone import Clone, GitError

__all__ = ["Clone", "GitError", "review"]


def review(folder: Path, base: str | None, head: str) -> Reviewed:
    """What the App would post if `head` were a pull request to `base`; GitError if git fails."""
    clone = Clone(folder)
    base = base or clone.default_base()
    settings = clone.text(base, PATH)
    config, faults = read_config(settings, rules.BY_NAME)
    snapshot, analysis = analyse_all(clone.fetch(base, head), config, clone.read)
    composed = compose(snapshot, analysis, config)
    return Reviewed(snapshot, analysis, composed, tuple(faults))

"""Secrets taken out of what is written down: logs and reports to Sentry."""

import re
from collections.abc import Iterable
from typing import Any

HIDDEN = "[hidden]"
_SECRETS = re.compile(
    r"gh[a-z]_[A-Za-z0-9._-]{16,}"  # tokens; the newer ones are some 520 characters long
    r"|github_pat_[A-Za-z0-9_]{16,}"
    r"|eyJ[A-Za-z0-9._-]{16,}"  # a JSON Web Token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^/@\s:]*:[^/@\s]+(?=@)",  # user and password in a URL
    re.DOTALL,
)


class Redactor:
    """Hides what looks like a secret of GitHub's, and the values in `known`."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known: list[str] = []
        self.learn(known)

    def learn(self, known: Iterable[str]) -> None:
        """Hide these too."""
        longer = {value for value in known if len(value) >= 6}
        self._known = sorted(longer.union(self._known), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without its secrets."""
        for value in self._known:
            text = text.replace(value, HIDDEN)
        return _SECRETS.sub(HIDDEN, text)

    def value(self, value: Any) -> Any:
        """The same for all strings in nested lists and dictionaries, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

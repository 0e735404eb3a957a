"""Logs: one line each, JSON for machines, with what is being worked on bound to it."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from bot.redact import Redactor

_context: ContextVar[dict[str, object]] = ContextVar("log_context")


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Add fields to every line that is logged inside, by this task and those it starts."""
    token = _context.set({**_context.get({}), **fields})
    try:
        yield
    finally:
        _context.reset(token)


class Formatter(logging.Formatter):
    """Time, level, logger, message, and the bound fields; secrets hidden.

    A line's own fields are given as `log.info("…", extra={"fields": {…}})`.
    """

    def __init__(self, redactor: Redactor, *, as_json: bool) -> None:
        super().__init__()
        self._redactor = redactor
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One line, and in plain text the lines of a traceback below it."""
        fields: dict[str, object] = {**_context.get({}), **getattr(record, "fields", {})}
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = record.getMessage()
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        if self._as_json:
            line: dict[str, object] = {
                "time": moment,
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": message,
                **fields,
            }
            if trace:
                line["exception"] = trace
            return json.dumps(self._redactor.value(line), default=str)
        named = "".join(f" {name}={value}" for name, value in fields.items())
        text = f"{moment} {record.levelname:7} {message}{named}".replace("\n", "\\n")
        return self._redactor.text(f"{text}\n{trace}" if trace else text)


def set_up(redactor: Redactor, stream: TextIO = sys.stderr) -> None:
    """Log to a stream: plain text to a terminal, JSON to anything else."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter(redactor, as_json=not stream.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)

"""How a command ends: 0, FOUND, or FAILED with one line."""

import sys
from typing import NoReturn

import click

FOUND, FAILED = 1, 2
"""Exit codes: something was found; something could not be done."""


def fail(message: str) -> NoReturn:
    """End with exit code 2 and one line that says what is wrong and where."""
    click.echo(f"layerwise: {message}", err=True)
    sys.exit(FAILED)

"""The command line: `layerwise serve`, `layerwise review` and the others.

Only what a command needs is imported, inside it: `layerwise check` must not pay for the server.
"""

import sys
from pathlib import Path
from typing import NoReturn

import click

FOUND, FAILED = 1, 2


def fail(message: str) -> NoReturn:
    """End with exit code 2 and one line that says what is wrong and where."""
    click.echo(f"layerwise: {message}", err=True)
    sys.exit(FAILED)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="layerwise", prog_name="layerwise")
def main() -> None:
    """Finds what a Docker build rebuilds needlessly, and the edit that stops it."""


@main.command()
def serve() -> None:
    """Start the webhook server.

    With no GitHub App configured it says how to go on; with a part of one it names what is
    missing and exits with 2.
    """
    from bot.__main__ import serve as run  # noqa: PLC0415  # the server's imports take a second

    run()


@main.command()
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="A git clone (default: this folder).",
)
@click.option("--base", metavar="REV", help="Where the branch goes to (default: origin's main).")
@click.option("--head", default="HEAD", metavar="REV", help="The branch (default: HEAD).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="text for a terminal, markdown as GitHub would get it, json for programs.",
)
def review(repo: Path, base: str | None, head: str, form: str) -> None:
    r"""Review a branch as if it were a pull request.

    \b
    Examples:
      layerwise review                      what would be said of this branch
      layerwise review --base main~20       of the last twenty commits
      layerwise review --format markdown    as GitHub would get it
    """
    from bot import local, report  # noqa: PLC0415

    try:
        found = local.review(repo, base, head)
    except local.GitError as error:
        fail(str(error))
    click.echo(report.FORMATS[form](found), nl=False)
    sys.exit(FOUND if found.review.comments or found.review.elsewhere else 0)

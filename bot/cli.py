"""The command line: `layerwise serve`, `layerwise review` and the others.

Only what a command needs is imported, inside it: `layerwise check` must not pay for the server.
"""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

import click

Kind = Literal["local", "git"]
Output = Literal["same", "input", "new"]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

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
@click.option(
    "--only",
    type=click.Choice(["web", "worker"]),
    help="Take deliveries and leave the work to others, or the other way round.",
)
def serve(only: str | None) -> None:
    """Start the webhook server, and the worker beside it.

    With no GitHub App configured it prints the link of its set-up page; with a part of one it
    names what is missing and exits with 2.
    """
    from bot.serve import serve as run  # noqa: PLC0415  # the server's imports take a second
    from bot.service import Part  # noqa: PLC0415

    run(Part[only.upper()] if only else Part.BOTH)


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


_FOLDER = click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
_FILE = click.option(
    "--file",
    "dockerfile",
    metavar="DOCKERFILE",
    type=click.Path(path_type=Path),
    help="The Dockerfile (default: DIR/Dockerfile).",
)
_FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")


@main.command()
@_FOLDER
@_FILE
@click.option("--kind", type=click.Choice(["local", "git"]), default="local")
@_FORMAT
def context(folder: Path, dockerfile: Path | None, kind: Kind, form: str) -> None:
    r"""Show what a build would be sent: files, sizes, the heaviest folders.

    \b
    Examples:
      layerwise context                     of the folder here
      layerwise context . --file docker/web.Dockerfile
      layerwise context --kind git          as a build from a git URL gets it
    """
    from bot import build_report, disk  # noqa: PLC0415

    try:
        found = disk.read_folder(folder, dockerfile, kind)
        read = found.context()
        sizes = found.sizes(read.files)
    except disk.DiskError as error:
        fail(str(error))
    if form == "json":
        click.echo(build_report.context_as_json(str(folder), read, sizes), nl=False)
    else:
        changes, commits = disk.often_changed(found.path, read.files)
        text = build_report.context_as_text(str(folder), read, sizes, changes, commits)
        click.echo(text, nl=False)
    if read.error is not None:
        fail(f"{read.ignore.path if read.ignore else ''}:{read.error.line}: {read.error.message}")


def _paths(name: str, what: str) -> Callable[[Decorated], Decorated]:
    return click.option(f"--{name}", name, multiple=True, metavar="PATH", help=what)


@main.command()
@_FOLDER
@_FILE
@click.option("--target", metavar="STAGE", help="The stage that is built (default: the last).")
@_paths("change", "A file is edited.")
@_paths("add", "A file is new.")
@_paths("delete", "A file is gone.")
@_paths("chmod", "The mode of a file is another.")
@click.option("--build-arg", "arguments", multiple=True, metavar="NAME", help="It has a new value.")
@click.option("--base-image", "images", multiple=True, metavar="IMAGE", help="It was replaced.")
@click.option(
    "--old",
    metavar="DOCKERFILE",
    type=click.Path(path_type=Path),
    help="The Dockerfile as it was when the layers were built.",
)
@click.option(
    "--output",
    type=click.Choice(["same", "input", "new"]),
    default="input",
    help="What a RUN that runs again leaves: the same bytes, bytes that depend on its input, "
    "always new ones.",
)
@_FORMAT
def rerun(  # noqa: PLR0913, PLR0917
    folder: Path,
    dockerfile: Path | None,
    target: str | None,
    change: tuple[str, ...],
    add: tuple[str, ...],
    delete: tuple[str, ...],
    chmod: tuple[str, ...],
    arguments: tuple[str, ...],
    images: tuple[str, ...],
    old: Path | None,
    output: Output,
    form: str,
) -> None:
    r"""Say step by step what a change would re-run, and why.

    \b
    Examples:
      layerwise rerun --change README.md
      layerwise rerun app --file app/Dockerfile --build-arg GIT_SHA
      layerwise rerun --old /tmp/Dockerfile.before
    """
    from bot import build_report, disk  # noqa: PLC0415
    from rules.model.cache import Change  # noqa: PLC0415
    from rules.model.cache import rerun as steps_of  # noqa: PLC0415

    try:
        found = disk.read_folder(folder, dockerfile)
        build = found.build()
        before = None
        if old is not None:
            text = disk.read_text(old)
            disk.read_dockerfile(str(old), text)  # names the file that is at fault
            before = build.with_text(text)
    except disk.DiskError as error:
        fail(str(error))
    stage: int | None = len(build.dockerfile.stages) - 1
    if target is not None:
        stage = build.dockerfile.stage_named(target, len(build.dockerfile.stages))
        if stage is None:
            fail(f"{build.path}: no stage is called {target!r}")
    for path in (*change, *delete, *chmod):
        if not os.path.lexists(found.path / path):
            fail(f"{found.path / path}: no such file")
    what = Change(
        edits=_cleaned(change),
        adds=_cleaned(add),
        deletes=_cleaned(delete),
        chmods=_cleaned(chmod),
        build_args=dict.fromkeys(arguments),
        base_images=frozenset(images),
        old=before,
    )
    steps = steps_of(build, what, output, stage)
    shown = build_report.rerun_as_json(steps) if form == "json" else None
    click.echo(shown or build_report.rerun_as_text(build, steps), nl=False)


def _cleaned(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(os.path.normpath(path) for path in paths)

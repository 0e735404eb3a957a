"""The command line: `layerwise serve`, `layerwise review` and the others.

Only what a command needs is imported, inside it: `layerwise check` must not pay for the server.
"""

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from bot import garbage
from bot.terminal.ending import FOUND, fail

Kind = Literal["local", "git"]
Output = Literal["same", "input", "new"]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _keep_lines(command: click.Command) -> None:
    r"""Let the lines below a `\b` in a command's help stand as they are.

    click wants the character itself there, which a raw docstring cannot hold.
    """
    command.help = command.help and command.help.replace("\\b", "\b")


class _Command(click.Command):
    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        _keep_lines(self)


class _Group(click.Group):
    """Commands in the order in which one meets them."""

    command_class = _Command

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        _keep_lines(self)

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(self.commands, key=lambda name: [*_ORDER, name].index(name))


_ORDER = ("check", "review", "rules", "explain", "rerun", "context", "replay", "serve")


@click.group(
    cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80}
)
@click.version_option(package_name="layerwise", prog_name="layerwise")
@click.pass_context
def main(context: click.Context) -> None:
    r"""Find what a Docker build rebuilds needlessly, and the edit that stops it.

    \b
    Examples:
      layerwise check            every Dockerfile below this folder
      layerwise check --fix      and make the changes
      layerwise review           this branch, as if it were a pull request
      layerwise explain missing-cache-mount
    """
    gc.enable()
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        context.color = False
    elif os.environ.get("FORCE_COLOR"):
        context.color = True


def _rules(_context: click.Context, _option: click.Parameter, given: Iterable[str]) -> list[str]:
    """Names of rules, with commas or one by one."""
    named = [name.strip() for part in given for name in part.split(",") if name.strip()]
    if named:
        import rules  # noqa: PLC0415
        from bot.terminal.catalogue import unknown_rule  # noqa: PLC0415

        for name in named:
            if name not in rules.BY_NAME:
                raise click.BadParameter(unknown_rule(name))
    return named


def _complete(_context: click.Context, _named: click.Parameter, begun: str) -> list[str]:
    """The names of rules that go on from what has been typed, after the last comma."""
    import rules  # noqa: PLC0415

    before, comma, last = begun.rpartition(",")
    return [f"{before}{comma}{name}" for name in rules.BY_NAME if name.startswith(last)]


@main.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(allow_dash=True))
@click.option("--fix", is_flag=True, help="Make the changes; findings that remain are shown.")
@click.option("--diff", is_flag=True, help="Print the changes as one diff, and make none.")
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    callback=_rules,
    shell_complete=_complete,
    help="Only these rules speak.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="RULES",
    callback=_rules,
    shell_complete=_complete,
    help="These rules keep silent.",
)
@click.option(
    "--profile",
    type=click.Choice(["quiet", "normal", "strict"]),
    help="quiet: order rules; strict: every rule (default: the settings').",
)
@click.option("--base", metavar="REV", help="Only what is new since REV, or was touched.")
@click.option(
    "--format",
    "form",
    type=click.Choice(
        ["text", "json", "sarif", "github", "gitlab", "rdjson", "checkstyle", "junit"]
    ),
    default="text",
    help="For people (default), programs, code scanning, annotations of GitHub's workflows, "
    "GitLab's code quality, reviewdog, and CI systems.",
)
def check(  # noqa: PLR0913, PLR0917  # one for each option
    paths: tuple[str, ...],
    fix: bool,  # noqa: FBT001  # click's way to give a flag
    diff: bool,  # noqa: FBT001
    select: list[str],
    ignore: list[str],
    profile: str | None,
    base: str | None,
    form: str,
) -> None:
    r"""Check Dockerfiles, and fix them.

    PATH is a file or a folder (default: this one). A folder stands for every Dockerfile below
    it, a .dockerignore for those that it governs, and - for a Dockerfile on standard input.
    Settings are read from .github/layerwise.yml; `# layerwise: ignore=RULE` above an instruction
    mutes a rule there. Ends with 0 when nothing is found, 1 with findings, 2 when something could
    not be read, or Docker could not parse a file that is named.

    \b
    Examples:
      layerwise check
      layerwise check api/Dockerfile --diff
      layerwise check --base origin/main --format github
      layerwise check --select copy-source-before-install --fix
      layerwise check - < Dockerfile
    """
    gc.disable()  # imports leave no garbage, and looking for some takes a tenth of the time
    from bot.terminal.check import Options  # noqa: PLC0415
    from bot.terminal.check_command import run  # noqa: PLC0415

    garbage.look_seldom()
    if fix and diff:
        raise click.UsageError("--fix and --diff exclude each other.")
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("- stands alone.")
    options = Options(tuple(select), tuple(ignore), profile, base)
    sys.exit(run(paths or (".",), options, form, fix=fix, diff=diff))


@main.command()
def rules() -> None:
    """List the rules."""
    from bot.terminal.catalogue import listed  # noqa: PLC0415

    click.echo(listed(), nl=False)


@main.command()
@click.argument("rule", shell_complete=_complete)
def explain(rule: str) -> None:
    r"""Say why a rule exists, and what it changes.

    And what re-runs before and after, when it is silent, and where Docker says so.

    \b
    Example:
      layerwise explain copy-source-before-install
    """
    from bot.terminal.catalogue import explained, unknown_rule  # noqa: PLC0415

    text = explained(rule)
    if text is None:
        fail(unknown_rule(rule))
    click.echo(text, nl=False)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    r"""Print the completion of a shell.

    \b
    Examples:
      eval "$(layerwise completion bash)"                  in ~/.bashrc
      eval "$(layerwise completion zsh)"                   in ~/.zshrc
      layerwise completion fish > ~/.config/fish/completions/layerwise.fish
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    made = get_completion_class(shell)
    if made is None:
        fail(f"nothing is known of {shell}")
    click.echo(made(main, {}, "layerwise", "_LAYERWISE_COMPLETE").source())


@main.command()
@click.option(
    "--only",
    type=click.Choice(["web", "worker"]),
    help="Take deliveries and leave the work to others, or the other way round.",
)
def serve(only: str | None) -> None:
    """Start the GitHub App: webhooks and work.

    With no GitHub App configured it prints the link of its set-up page; with a part of one it
    names what is missing and exits with 2.
    """
    from bot.serve import serve as run  # noqa: PLC0415  # the server's imports take a second
    from bot.service import Part  # noqa: PLC0415

    run(Part[only.upper()] if only else Part.BOTH)


_REPO = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="A git clone (default: this folder).",
)


@main.command()
@_REPO
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
    from bot.terminal import local, report  # noqa: PLC0415

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
    r"""Show what a build would be sent.

    Files, sizes, the heaviest folders, and those that change most often.

    \b
    Examples:
      layerwise context                     of the folder here
      layerwise context . --file docker/web.Dockerfile
      layerwise context --kind git          as a build from a git URL gets it
    """
    from bot.terminal import build_report, disk  # noqa: PLC0415

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


@main.command()
@_REPO
@click.option("--commits", type=click.IntRange(1), default=100, metavar="N", show_default=True)
@_FORMAT
def replay(repo: Path, commits: int, form: str) -> None:
    r"""Replay the last commits, as it is and as fixed.

    Counts the expensive steps that ran, and those that would have run with the fixes.

    \b
    Examples:
      layerwise replay                      the last 100 commits
      layerwise replay --commits 1000 --format json
    """
    from bot.terminal import replay as replaying  # noqa: PLC0415
    from bot.terminal.clone import GitError  # noqa: PLC0415

    def watch(paths: Sequence[str]) -> Iterator[str]:
        hidden = not sys.stderr.isatty()
        with click.progressbar(paths, file=sys.stderr, hidden=hidden, label="Replaying") as bar:
            yield from bar

    try:
        found = replaying.replay_clone(repo, commits, watch)
    except GitError as error:
        fail(str(error))
    click.echo(replaying.FORMATS[form](found), nl=False)


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
    from bot.terminal import build_report, disk  # noqa: PLC0415
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

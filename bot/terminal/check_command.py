"""`layerwise check`: find the files, look at them, print what is found."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from bot.terminal import formats
from bot.terminal.check import Options, check
from bot.terminal.ending import FAILED, FOUND
from bot.terminal.targets import STANDARD_INPUT, Search, Target
from bot.terminal.worktree import Tree
from rules.model.finding import split_lines

LONG_WORK = 20
"""Dockerfiles from which on it takes so long that one wants to see it go on."""


def run(paths: Sequence[str], options: Options, form: str, *, fix: bool, diff: bool) -> int:
    """Check what the paths stand for and print it; gives the exit code.

    With `fix` the changes are made; to standard input they are made on the way to standard
    output, and what is found goes to standard error. With `diff` they are only shown.
    """
    search = Search(sys.stdin.buffer.read)
    targets = search.find(paths)
    given = STANDARD_INPUT in paths
    made: list[tuple[Tree, dict[str, str]]] = []

    def write(tree: Tree, texts: Mapping[str, str]) -> None:
        if fix and not given:
            from bot.terminal.replace import replace_files  # noqa: PLC0415  # for --fix alone

            replace_files({tree.top / path: (tree.read(path), new) for path, new in texts.items()})
        made.append((tree, dict(texts)))

    outcome = check(_watched(targets), options, write if fix or diff else None)
    outcome.faults[:0] = search.faults
    if not targets and not outcome.faults:
        click.echo(f"layerwise: no Dockerfile below {', '.join(paths)}", err=True)
    if diff:
        click.echo("".join(line for tree, texts in made for line in _diff(tree, texts)), nl=False)
    else:
        click.echo(formats.writer(form)(outcome), nl=False, err=given and fix)
    if given and fix:
        sys.stdout.buffer.write(_text_of(targets[0], made).encode())
    if diff or form not in formats.WITH_NOTES:
        for note in outcome.notes:
            click.echo(f"layerwise: {note.path}:{note.line}: {note.message}", err=True)
    for fault in outcome.faults:
        click.echo(f"layerwise: {fault.path}: {fault.message}", err=True)
    if outcome.faults:
        return FAILED
    return FOUND if outcome.findings or (diff and made) else 0


def _watched(targets: list[Target]) -> Iterator[Target]:
    """The targets, with a bar on standard error where somebody watches long work."""
    if len(targets) < LONG_WORK or not sys.stderr.isatty():
        yield from targets
        return
    with click.progressbar(targets, label="Dockerfiles", file=sys.stderr, show_pos=True) as bar:
        yield from bar


def _text_of(target: Target, made: Iterable[tuple[Tree, dict[str, str]]]) -> str:
    """The text of standard input after the fixes."""
    for _, texts in made:
        return texts[target.path]
    return target.tree.read(target.path) or ""


def _diff(tree: Tree, texts: Mapping[str, str]) -> Iterator[str]:
    """A patch for `git apply` or `patch -p1` in the folder here."""
    import difflib  # noqa: PLC0415  # a clean tree needs none

    for path, new in sorted(texts.items()):
        old = tree.read(path)
        shown = tree.shown(path)
        begin = "/dev/null" if old is None else f"a/{shown}"
        before, after = split_lines(old or ""), split_lines(new)
        for line in difflib.unified_diff(before, after, begin, f"b/{shown}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"

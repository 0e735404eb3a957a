"""What the proposed ignore files lose: `python -m tests.bench.ignore --repos DIR`.

DIR is a folder of git clones. For each Dockerfile that copies its whole context, the ignore file is
proposed as if there were none. Nothing that a COPY or a bind mount names may be lost, nor what an
install reads; and no other text of the context should name what is. How many of the last commits
changed only files that the proposal keeps back is counted along. With `--builds N`, N of them are built
by the engine without and with the proposal, on fakes that fail where the real tools would miss a file.
"""

import argparse
import posixpath
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from bot.inspection import ROUNDS
from bot.terminal.clone import Clone, GitError
from rules import open_build
from rules.model.builder import is_dockerfile
from rules.model.cache import Build
from rules.model.history import History
from rules.model.installs.copied import Copied
from rules.model.installs.find import pieces
from rules.model.proposal import propose, proposed_path, takers
from rules.model.repository import Repository
from rules.model.settings import mentions
from tests.bench.audit import checked_out, start_engine
from tests.engine.build import build as build_really

LEAST = 5
"""Files of a context that is worth a build."""
MAX_BYTES = 300_000
MAX_TEXTS = 5_000


@dataclass(slots=True)
class Checked:
    """One Dockerfile: its proposal, faults, names that other texts hold, commits spared."""

    name: str
    lines: list[str]
    lost: list[str]
    faults: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    spared: int = 0
    commits: int = 0
    build: Build | None = None


def without_ignore(tree: Repository, path: str) -> Repository:
    """The tree without the ignore files that could govern this Dockerfile."""
    gone = {p for p in tree.paths if p.endswith(".dockerignore")}
    kept, links = tree.paths - gone, tree.symlinks - gone
    return replace(tree, paths=kept, symlinks=links, missing=set())


def check(clone: Clone, tree: Repository, path: str) -> Checked | None:
    """Propose and look for what is lost; None where nothing is proposed."""
    tree = without_ignore(tree, path)
    build = None
    for _ in range(ROUNDS):
        text, wanted = "", set[str]()  # what was said before all was read does not count
        build = open_build(tree, path).build
        if build is not None and build.context.kind == "local" and takers(build):
            text, wanted = propose(build), _installs_read(build)
        if not tree.missing:
            break
        texts = clone.read(tree.missing)
        tree = replace(tree, texts={**tree.texts, **texts}, missing=set())
    if build is None or not text:
        return None
    after = build.with_files({proposed_path(build): text})
    lost = sorted(set(build.context.files) - set(after.context.files))
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    found = Checked(f"{clone.folder.name}:{path}", lines, lost, build=build)
    found.faults = [f"an install reads {p}" for p in lost if p in wanted]
    for before, now in zip(build.layers, after.layers, strict=True):
        if before.copy is not None and now.copy is not None and before.copy.local:
            for source in before.copy.named:
                if (
                    source != "."
                    and build.files.match(source)
                    and (_taken(build, source) != _taken(after, source))
                ):
                    found.faults.append(f"line {before.instruction.span.start} takes {source}")
        for mount in before.mounts:
            if (
                mount.local
                and mount.source != "."
                and (_taken(build, mount.source) != _taken(after, mount.source))
            ):
                found.faults.append(f"line {before.instruction.span.start} binds {mount.source}")
    found.named = _named_elsewhere(clone, build, after, lost)
    _count(found, build, after)
    return found


def _taken(build: Build, source: str) -> set[str]:
    return {
        path
        for match in build.files.match(source)
        for path in (build.files.under(match.path) if match.folder else [match.path])
    }


def _installs_read(build: Build) -> set[str]:
    """Files of the context that installs are known to read."""
    found: set[str] = set()
    for layer in build.layers:
        if layer.instruction.keyword != "RUN":
            continue
        before = [e for e in build.layers[: layer.index] if e.stage == layer.stage]
        copied = Copied(build, before)
        for piece in pieces(build, layer, before):
            for path in piece.reads.files if piece.reads is not None else ():
                origin = copied.origin(path)
                if origin is not None:
                    found.add(origin)
    return found


def _named_elsewhere(clone: Clone, build: Build, after: Build, lost: list[str]) -> list[str]:
    """`name: file` where a text that is still sent names the top of what is lost."""
    tops = {path.partition("/")[0] for path in lost} - {".dockerignore"}
    files = after.context.files[:MAX_TEXTS]
    texts = clone.read(
        posixpath.join(build.context.root, p) for p in files if p in build.files.known
    )
    return [
        f"{top}: {path}"
        for path, text in texts.items()
        if text is not None and len(text) < MAX_BYTES
        for top in tops
        if mentions(text, top)
    ]


def _count(found: Checked, build: Build, after: Build) -> None:
    history = build.repository.history or History()
    for commit in history.commits or ():
        sent = [p for p in build.context.inside(commit) if build.context.may_send(p)]
        found.commits += bool(sent)
        found.spared += bool(sent) and not any(after.context.may_send(p) for p in sent)


def built(folder: Path, done: list[Checked], wanted: int) -> None:
    """Build some of them without and with the proposal; what then fails is a fault."""
    engine, count = start_engine(), 0
    for each in sorted(
        done, key=lambda found: len(found.build.context.files if found.build else ())
    ):
        build = each.build
        if count >= wanted:
            return
        if build is None or len(build.context.files) < LEAST:
            continue
        name, _, path = each.name.partition(":")
        if not path.startswith(build.context.top):
            continue
        clone = Clone(folder / name)
        with tempfile.TemporaryDirectory(prefix="layerwise-ignore-") as place, engine.alone():
            target = Path(place, "context")
            commit = clone.commit("HEAD")
            case = checked_out(clone, commit, build, target, "faithful")
            if case is None:
                continue
            for file in target.rglob("*.dockerignore"):
                file.unlink()
            before = build_really(engine, case)
            if before.error is not None:
                click.echo(f"not built: {each.name}: {before.error[-120:]!r}", err=True)
                continue
            (target / ".dockerignore").write_text(propose(build))
            after = build_really(engine, case)
        count += 1
        click.echo(f"built {count}: {each.name}: {'fails' if after.error else 'well'}", err=True)
        if after.error is not None:
            each.faults.append(f"the build fails: {after.error[-200:]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--builds", type=int, default=0, metavar="N")
    given = parser.parse_args()
    done: list[Checked] = []
    for place in sorted(path for path in given.repos.iterdir() if path.is_dir()):
        try:
            clone = Clone(place)
            head = clone.commit("HEAD")
            tree = replace(clone.repository(head), history=clone.history(head))
            for path in sorted(p for p in tree.paths if is_dockerfile(p)):
                found = check(clone, tree, path)
                if found is not None:
                    done.append(found)
        except (GitError, IndexError) as error:
            click.echo(f"left out: {place.name}: {error}", err=True)
    if given.builds:
        built(given.repos, done, given.builds)
    for each in done:
        share = f"{each.spared}/{each.commits}"
        click.echo(f"{share:>8}  {each.name}: {' '.join(each.lines)}")
        for fault in each.faults:
            click.echo(f"          FAULT {fault}")
        for name in each.named[:8]:
            click.echo(f"          named {name}")
    faults = sum(len(each.faults) for each in done)
    spared, commits = sum(e.spared for e in done), sum(e.commits for e in done)
    click.echo(f"{len(done)} proposals, {faults} faults, {spared} of {commits} commits spared")


if __name__ == "__main__":
    main()

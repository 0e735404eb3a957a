"""What the fixes would have saved on the commits that came after: `python -m tests.bench.forward --repos DIR`.

DIR is a folder of git clones named OWNER+NAME. The rules of the measurement, fixed before the first run:

- Repositories and commits are those of repositories.tsv, all of them; left out are only those that DIR
  lacks and those with fewer than 50 first-parent commits.
- The Dockerfile is that of 100 first-parent commits before the listed one, or of the first commit since
  that has it. Findings and fixes are made there, from that tree and the history before it.
- Judged are the commits after it, by the files that they changed. Commits that changed the Dockerfile itself
  are left out: what people do to it is not ours to foretell.
- An expensive step is a RUN with more in it than `rules.model.replay` takes for cheap (calls that only write
  settings, such as `git config`, since after the first runs). The builder is taken to have kept every
  layer of the commit before.
- Flagged is a Dockerfile with at least one fix of the order or context rules (after the first run: "at
  least one fix" counted files with a cache mount alone, which is not meant to re-run less). Dockerfiles
  without a finding count as they are.
- A step that must compile runs on every edit that it reads, before and after: so beside each ratio stands
  an estimate of the least that another order could reach by the same count (reachable.py, added when the ratios were known). Its own
  "before" is larger, since parts of one RUN that would re-run apart count apart there too. Where a stage
  passes on the same bytes (`cargo chef prepare`, `turbo prune`) the count takes what follows to re-run, and
  the bound does not.
- Intervals are bootstraps by repository, seed 1: files of one repository are not independent.
"""

import argparse
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

import rules
from bot.terminal.clone import Clone, GitError
from bot.terminal.replay import Replayed, replay_clone
from tests.bench.reachable import reachable

LIST = Path(__file__).with_name("repositories.tsv")
COMMITS = 100
FEWEST = 50
DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class Judged:
    """One Dockerfile: expensive steps that the commits ran of it, as it was and as fixed.

    `reordered`: one of its fixes gives it another order. `bound`: the same as it would be with the
    fewest re-runs that another order would need, by estimate.
    """

    repository: str
    path: str
    now: int
    fixed: int
    flagged: bool
    reordered: bool = False
    bound: "Judged | None" = None

    @property
    def halved(self) -> bool:
        """Whether it lost more than half of them."""
        return self.fixed * 2 < self.now


Measure = Callable[[Sequence[Judged]], float | None]


def ratio(files: Sequence[Judged]) -> float | None:
    """Expensive steps as fixed over those as it was, all files together."""
    now = sum(file.now for file in files)
    return sum(file.fixed for file in files) / now if now else None


def bounds(files: Sequence[Judged]) -> list[Judged]:
    """The same files as they would be at best."""
    return [file.bound for file in files if file.bound is not None]


def halved(files: Sequence[Judged]) -> float | None:
    """The share of Dockerfiles that lose more than half."""
    return sum(file.halved for file in files) / len(files) if files else None


def flagged(files: Sequence[Judged]) -> list[Judged]:
    """Those with a fix that is meant to re-run less."""
    return [file for file in files if file.flagged]


def interval(files: Sequence[Judged], measure: Measure, draws: int = DRAWS) -> tuple[float, float]:
    """Where 95 % of the draws fall when repositories are drawn anew."""
    by_repository: dict[str, list[Judged]] = {}
    for file in files:
        by_repository.setdefault(file.repository, []).append(file)
    chance, names, found = random.Random(1), sorted(by_repository), []
    for _ in range(draws):
        drawn = [
            file for name in chance.choices(names, k=len(names)) for file in by_repository[name]
        ]
        value = measure(drawn)
        if value is not None:
            found.append(value)
    edges = statistics.quantiles(found, n=40)
    return edges[0], edges[-1]


def judge(name: str, replayed: Replayed) -> Judged:
    """What one replay says."""
    done = replayed.replay
    strategies = {rules.BY_NAME[rule].strategy for rule in replayed.fixes}
    spares = bool(strategies - {"mounts"})
    least = reachable(replayed.build, replayed.fixed, replayed.commits)
    bound = Judged(name, replayed.path, least.now, least.fixed, spares)
    return Judged(name, replayed.path, done.now, done.fixed, spares, "order" in strategies, bound)


def judge_all(repos: Path, left_out: Counter[str]) -> Iterator[tuple[Judged, Replayed]]:
    """Every Dockerfile of the listed repositories."""
    rows = [line.split("\t") for line in LIST.read_text().split("\n")[1:] if line]
    with click.progressbar(rows, label="Replaying", show_pos=True) as bar:
        for name, commit in bar:
            folder = repos / name.replace("/", "+")
            try:
                clone = Clone(folder)
                if len(clone.log(clone.commit(commit), COMMITS)) < FEWEST:
                    left_out["repository: fewer than 50 commits"] += 1
                    continue
                replays = replay_clone(folder, COMMITS, revision=commit)
            except GitError as error:
                click.echo(f"{name}: {error}", err=True)
                left_out["repository: not in the folder, or not whole"] += 1
                continue
            for _, reason in replays.skipped:
                left_out[f"Dockerfile: {reason}"] += 1
            for replayed in replays.replayed:
                yield judge(name, replayed), replayed


def show(files: Sequence[Judged], fixes: Counter[str], left_out: Counter[str]) -> None:
    """Print the table."""
    some, reordered = flagged(files), [file for file in files if file.reordered]
    click.echo(
        f"repositories {len({f.repository for f in files})}, Dockerfiles {len(files)}, with a fix {len(some)}"
    )
    click.echo(
        f"expensive steps run: {sum(f.now for f in files):,} as it was, {sum(f.fixed for f in files):,} as fixed"
    )
    for label, among, measure in (
        ("after / before, files with a fix", some, ratio),
        ("after / before, all files", files, ratio),
        ("after / before, files with another order", reordered, ratio),
        ("lose more than half, of files with a fix", some, halved),
    ):
        value = measure(among)
        if value is not None:
            low, high = interval(among, measure)
            best = measure(bounds(among))
            at_best = "" if best is None else f"   least by estimate {best:.2f}"
            click.echo(f"{label:44}{value:6.2f}   95 % of draws {low:.2f} to {high:.2f}{at_best}")
    for rule, count in fixes.most_common():
        click.echo(f"fixed by {rule}: {count}")
    for reason, count in sorted(left_out.items()):
        click.echo(f"left out, {reason}: {count}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--each", action="store_true", help="print each Dockerfile too: before, after, at best"
    )
    given = parser.parse_args()
    left_out, fixes, files = Counter[str](), Counter[str](), []
    for file, replayed in judge_all(given.repos, left_out):
        files.append(file)
        fixes.update(replayed.fixes)
        if given.each:
            click.echo(
                f"{file.now:5}{file.fixed:5}{file.bound.fixed if file.bound else 0:5} {file.repository}:{file.path} {' '.join(replayed.fixes)}"
            )
    show(files, fixes, left_out)


if __name__ == "__main__":
    main()

"""Seconds that a rebuild takes, wrong and fixed, with real installs: `python -m tests.bench.realtime`.

Projects of our own with real dependencies are built on the real engine by the Dockerfile as many people
write it and by the one that Layerwise's suggestions make of it. A round is: from an empty cache the
wrong one, the fixed one, then each again after an edit to the source. Rounds alternate the order, and
what is compared are medians as ratios: machines are noisy.
"""

import argparse
import statistics
from dataclasses import dataclass

import click

import rules
from rules.model.repository import Repository
from tests.bench.audit import start_engine
from tests.engine.build import Case, Result, build
from tests.engine.engine import Engine

NAIVE_PYTHON = """\
FROM python:3.11-slim
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir -r requirements.txt
CMD ["python", "app.py"]
"""
NAIVE_NODE = """\
FROM node:24-slim
WORKDIR /app
COPY . .
RUN npm install
CMD ["node", "app.js"]
"""
BUILT_NODE = """\
FROM node:24-slim
WORKDIR /app
COPY . .
RUN npm install && npm run build
CMD ["node", "dist/app.js"]
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A small application: what it depends on decides what its install costs."""

    name: str
    dockerfile: str
    files: dict[str, str]
    edited: str


def _python(name: str, *needs: str) -> Project:
    files = {"requirements.txt": "\n".join(needs) + "\n", "app.py": "print('one')\n"}
    return Project(name, NAIVE_PYTHON, files, "app.py")


def _node(name: str, needs: str, dockerfile: str = NAIVE_NODE, more: str = "") -> Project:
    manifest = f'{{"name": "app", "version": "1.0.0", "private": true, {more}"dependencies": {{{needs}}}}}\n'
    source = "src/app.js" if "build" in dockerfile else "app.js"
    return Project(
        name, dockerfile, {"package.json": manifest, source: "console.log('one')\n"}, source
    )


PROJECTS = (
    _python("flask, gunicorn", "flask==3.0.3", "gunicorn==22.0.0", "requests==2.32.3"),
    _python("fastapi, sqlalchemy", "fastapi==0.111.0", "uvicorn==0.30.1", "sqlalchemy==2.0.31"),
    _python("django, pillow", "django==5.0.6", "pillow==10.4.0", "psycopg2-binary==2.9.9"),
    _python("pandas, scikit-learn", "pandas==2.2.2", "scikit-learn==1.5.1"),
    _node("express", '"express": "4.19.2", "pino": "9.2.0"'),
    _node(
        "react, webpack",
        '"react": "18.3.1", "react-dom": "18.3.1", "webpack": "5.92.1", "webpack-cli": "5.1.4"',
    ),
    _node(
        "esbuild, with a build",
        '"esbuild": "0.23.0", "lodash": "4.17.21", "typescript": "5.5.3"',
        BUILT_NODE,
        '"scripts": {"build": "esbuild src/app.js --bundle --outdir=dist"}, ',
    ),
)


def fixed(project: Project) -> dict[str, str]:
    """The project after Layerwise's suggestions, made in turn until it has none left."""
    files = {**project.files, "Dockerfile": project.dockerfile}
    for _ in range(5):
        report = rules.inspect(Repository(frozenset(files), files), "Dockerfile")
        if report.build is None:
            raise ValueError(f"{project.name}: {report.skipped}")
        after, done = rules.combine(report.build, [f for f in report.findings if f.fix])
        if not done:
            return files
        texts = after.repository.texts
        files = {path: texts.get(path) or files[path] for path in after.repository.paths}
        files["Dockerfile"] = after.dockerfile.text
    raise ValueError(f"{project.name}: no end of suggestions")


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of one round: (wrong, fixed)."""

    cold: tuple[float, float]
    rebuilt: tuple[float, float]


def play(engine: Engine, project: Project, rounds: int) -> list[Round]:
    """Build both, cold and after an edit, so many times."""
    wrong = {**project.files, "Dockerfile": project.dockerfile}
    cases = [Case(files, shims="real", network="host") for files in (wrong, fixed(project))]
    played = []
    for number in range(rounds):
        cold, rebuilt = [0.0, 0.0], [0.0, 0.0]
        for which in (0, 1) if number % 2 else (1, 0):
            engine.forget()
            cold[which] = _seconds(build(engine, cases[which]))
            edit = {"op": "modify", "path": project.edited, "content": f"console.log({number})\n"}
            if project.edited.endswith(".py"):
                edit["content"] = f"print({number})\n"
            rebuilt[which] = _seconds(build(engine, cases[which], edit))
        played.append(Round((cold[0], cold[1]), (rebuilt[0], rebuilt[1])))
    return played


def _seconds(result: Result) -> float:
    if result.error is not None:
        raise RuntimeError(result.error)
    return result.seconds


def row(name: str, played: list[Round]) -> str:
    """One line of the table: medians, and the ratios of fixed to wrong."""
    cold = [statistics.median(r.cold[which] for r in played) for which in (0, 1)]
    again = [statistics.median(r.rebuilt[which] for r in played) for which in (0, 1)]
    ratio = statistics.median(r.cold[1] / r.cold[0] for r in played)
    gain = statistics.median(r.rebuilt[1] / r.rebuilt[0] for r in played)
    return f"{name:24}{cold[0]:8.1f}{cold[1]:8.1f}{ratio:8.2f}{again[0]:11.1f}{again[1]:8.1f}{gain:8.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="pairs of each project (default: 5)")
    parser.add_argument("--only", default="", help="projects whose name holds this")
    given = parser.parse_args()
    engine = start_engine()
    click.echo(f"{'':24}{'cold: s, fixed, ratio':>24}{'rebuild: s, fixed, ratio':>27}")
    with engine.alone():
        for project in PROJECTS:
            if given.only in project.name:
                click.echo(row(project.name, play(engine, project, given.rounds)))


if __name__ == "__main__":
    main()

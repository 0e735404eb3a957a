"""The engine still answers as the tables say, and as the model says of builds that nobody has tried."""

import pytest

from rules.model.builder import Builder
from rules.model.cache import Build, Change, rerun
from rules.model.context import BuildContext
from rules.model.dockerfile import parse
from rules.model.repository import Repository
from tests.engine.build import Case, rebuild
from tests.engine.table import rows

pytestmark = pytest.mark.engine

DISTURBED = {
    "copy-from-same-output: same bytes, other file mode",
    "copy-from-same-output: same bytes, one more file",
    "copy-from-same-output: same bytes, other owner",
    "from-stage: sibling's RUN changed (its /r is unchanged)",
}
"""Rows in which the faked base image changed with the Dockerfile; engine_rows.json has them undisturbed."""

STALE = "same_folder"
"""Rows about a second build in the very folder of the first, which this harness never does."""


@pytest.mark.parametrize("part", range(4))
def test_the_engine_answers_as_the_table_says(engine, chance, part):
    asked = [row for row in rows() if row.name not in DISTURBED and STALE not in row.more]
    for row in chance.sample(asked, 5):
        result = rebuild(engine, row.case(), row.change)
        if row.status is None:
            assert result.error is not None, row.name
        else:
            assert result.error is None, (row.name, result.error)
            assert {step.line: step.status for step in result.steps} == row.status, row.name


@pytest.mark.parametrize("part", range(2))
def test_the_engine_answers_as_our_own_table_says(engine, chance, part):
    for row in chance.sample(rows("engine_rows.json"), 3):
        result = rebuild(engine, row.case(), row.change)
        assert result.error is None, (row.name, result.error)
        assert {step.line: step.status for step in result.steps} == row.status, row.name


TREE = {
    "app.py": "print(1)\n",
    "requirements.txt": "flask\n",
    "src/a.py": "a\n",
    "src/sub/b.py": "b\n",
    "docs/x.md": "x\n",
    "run.sh": {"content": "#!/bin/sh\n", "mode": "755"},
}
IGNORED = (
    "",
    "docs\n",
    "Dockerfile\n.dockerignore\ndocs\n",
    "**/*.md\nrun.sh\n",
    "*\n!src\n!app.py\n",
)
STEPS = (
    "WORKDIR /app",
    "WORKDIR sub",
    "COPY . .",
    "COPY . /all/",
    "COPY app.py ./",
    "COPY src /s",
    "COPY src/*.py /glob/",
    "COPY --chmod=644 app.py src /two/",
    "COPY --link app.py /linked/",
    "ADD src/a.py /added",
    "ENV A=1",
    "ENV B=$A",
    "ARG V=1",
    "ARG U",
    "LABEL v=$V",
    "EXPOSE 80",
    "USER 1000",
    "USER root",
    "RUN echo {n} > /tmp/{n}",
    "RUN cat /s/* > /tmp/{n} || true",
    "RUN --mount=type=bind,source=src,target=/m cat /m/a.py > /tmp/{n}",
    "RUN --mount=type=cache,target=/c echo {n} > /tmp/{n}",
    "RUN <<EOF\necho {n} > /tmp/{n}\nEOF",
)


def dockerfile(chance):
    """One to three stages of steps; a later stage starts from an earlier one or copies what it made."""
    lines = []
    for stage in range(chance.choice((1, 1, 2, 3))):
        parent = chance.choice(
            (f"base:{stage}", f"base:{stage}", f"s{stage - 1}" if stage else "base:0")
        )
        lines.append(f"FROM {parent} AS s{stage}")
        steps = [
            step.format(n=chance.randrange(10**6))
            for step in chance.choices(STEPS, k=chance.randint(3, 7))
        ]
        if stage:
            steps.insert(
                chance.randrange(len(steps) + 1),
                f"COPY --from=s{stage - 1} /tmp/made{stage - 1} /made",
            )
        lines += [*steps, f"RUN make /tmp/made{stage}"]
    return "\n".join(lines) + "\n"


def change(chance, text):
    """A change of a file, an argument, an image or the Dockerfile."""
    path = chance.choice([path for path in TREE if path != "app.py"])
    swaps = [
        ("ENV A=1", "ENV A=2"),
        ("ARG V=1", "ARG V=2"),
        ("LABEL v=$V", "LABEL v=2"),
        ("RUN echo ", "RUN  echo  x"),
        ("\nRUN", "\n# note\nRUN"),
        ("USER 1000", "USER 1001"),
    ]
    alone = [{"op": "base", "image": "base:0"}]
    if (
        text.count("FROM ") == 1
    ):  # of these the fakes' outputs do not depend, which a COPY --from would show
        swaps.append(("WORKDIR /app", "WORKDIR /app/"))
    else:
        alone.clear()
    return chance.choice(
        (
            {"op": "modify", "path": path},
            {"op": "modify", "path": "app.py"},
            {"op": "add", "path": chance.choice(("src/new.py", "docs/new.md", "new.txt"))},
            {"op": "delete", "path": "docs/x.md"},
            {"op": "chmod", "path": path, "mode": "700"},
            {"op": "touch-all"},
            {"op": "build-arg", "name": chance.choice("VU"), "value": "9"},
            *alone,
            *({"op": "dockerfile", "old": old, "new": new} for old, new in swaps if old in text),
        )
    )


def predicted(tree, text, asked):
    """What the model says: the lines of the changed Dockerfile that are cached and that run again."""
    before, after = _build(tree, text), _build(tree, text)
    named = frozenset({asked.get("path", "")})
    found = {"modify": "edits", "add": "adds", "delete": "deletes", "chmod": "chmods"}.get(
        asked["op"]
    )
    given = {found: named} if found else {}
    if asked["op"] == "build-arg":
        given["build_args"] = {asked["name"]: asked["value"]}
    if asked["op"] == "base":
        given["base_images"] = frozenset({asked["image"]})
    if asked["op"] == "dockerfile":
        after = _build(tree, text.replace(asked["old"], asked["new"], 1))
        given["old"] = before
    return {
        step.line: step.status for step in rerun(after, Change(**given)) if step.status != "none"
    }


def _build(tree, text):
    files = {**tree, "Dockerfile": text}
    texts = {
        path: spec if isinstance(spec, str) else spec["content"] for path, spec in files.items()
    }
    executable = frozenset(path for path, spec in files.items() if not isinstance(spec, str))
    repository = Repository(frozenset(texts), texts, executable)
    return Build(
        "Dockerfile",
        parse(text),
        BuildContext.read(repository, "Dockerfile", ""),
        repository,
        Builder(),
    )


@pytest.mark.parametrize("part", range(6))
def test_the_model_foretells_builds_that_nobody_has_tried(engine, chance, part):
    for _ in range(2):
        ignored = chance.choice(IGNORED)
        tree = {**TREE, **({".dockerignore": ignored} if ignored else {})}
        text = dockerfile(chance)
        asked = change(chance, text)
        print(f"{text}\n{ignored!r} {asked}")
        try:
            result = rebuild(engine, Case(tree, text=text), asked)
        except RuntimeError as error:  # it copies what the ignore file drops
            print(error)
            continue
        if result.error is not None:
            assert asked["op"] == "delete", result.error
            continue
        seen = {
            step.line: {"run": "rerun"}.get(step.status, step.status)
            for step in result.steps
            if step.status in ("run", "cached")
        }
        model = predicted(tree, text, asked)
        assert seen == {line: status for line, status in model.items() if line in seen}
        assert seen.keys() <= model.keys()

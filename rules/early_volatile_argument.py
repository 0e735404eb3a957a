"""A build argument that is new with every build, above steps that do not read it.

An ARG with a value is part of the cache key of every RUN below it, used or not
(https://docs.docker.com/build/cache/invalidation/#build-arguments), and so is an ENV. A commit id
or a build date there runs all of them again with each build.

Moved below the last RUN that is proven not to read it, with an ENV that takes its value and is
named like one (`ENV GIT_SHA=$GIT_SHA`), it re-runs only what needs it. Silent when
the next RUN may read the environment unseen (`npm run build`, `make`, a script), and for arguments
whose names do not say that they change with each build.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from rules.model.cache import Build, Layer
from rules.model.dockerfile import Instruction, Span
from rules.model.finding import Edit, Finding, Fix
from rules.model.installs.find import pieces
from rules.model.prose import code
from rules.model.rule import Example, Rule
from rules.model.variables import names

rule = Rule(
    __name__,
    __doc__,
    strategy="order",
    measure="arguments",
    example=Example(
        edit="requirements.txt",
        files={"requirements.txt": "flask\n", "main.py": "print()\n"},
        before="""\
FROM python:3.12-slim
ARG GIT_SHA
WORKDIR /app
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY . .
LABEL revision=$GIT_SHA
""",
        after="""\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
RUN pip install -r requirements.txt
ARG GIT_SHA
COPY . .
LABEL revision=$GIT_SHA
""",
    ),
)

MOST_ARGUMENTS = 50  # that are looked at

_VOLATILE = frozenset(
    """
    BUILD_DATE BUILD_ID BUILD_NO BUILD_NUMBER BUILD_SHA BUILD_TIME BUILD_TIMESTAMP BUILDTIME
    CI_COMMIT_SHA CI_COMMIT_SHORT_SHA CI_PIPELINE_ID COMMIT COMMIT_HASH COMMIT_ID COMMIT_REF
    COMMIT_SHA DRONE_COMMIT_SHA GITHUB_RUN_ID GITHUB_RUN_NUMBER GITHUB_SHA GIT_COMMIT
    GIT_COMMIT_HASH GIT_COMMIT_ID GIT_COMMIT_SHA GIT_DESCRIBE GIT_HASH GIT_REF GIT_REV GIT_REVISION
    GIT_SHA GIT_SHA1 HEROKU_SLUG_COMMIT RELEASE_SHA REVISION SHA SHORT_SHA SOURCE_COMMIT TIMESTAMP
    VCS_REF
    """.split()
)
_PASSED = frozenset(
    "ADD CMD COPY ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER SHELL STOPSIGNAL USER VOLUME "
    "WORKDIR ARG".split()
)


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each such ARG with steps below that do not read it."""
    volatile = (layer for layer in build.layers if _is_volatile(layer))
    for layer in islice(volatile, MOST_ARGUMENTS):
        runs, moved = _below(build, layer)
        if runs:
            yield _report(build, moved, runs)


def _is_volatile(layer: Layer) -> bool:
    instruction = layer.instruction
    if instruction.keyword != "ARG" or layer.stage < 0 or len(instruction.pairs) != 1:
        return False
    return instruction.pairs[0].key.upper() in _VOLATILE


def _below(build: Build, argument: Layer) -> tuple[list[Layer], list[Instruction]]:
    """The RUNs proven not to read the argument, up to the first thing that may; and what moves.

    That is the argument, and each ENV above the last of the RUNs that takes nothing but its value.
    """
    taken = {argument.instruction.pairs[0].key}
    runs: list[Layer] = []
    fed = [argument.instruction]
    for layer in build.layers[argument.index + 1 :]:
        instruction = layer.instruction
        if layer.stage != argument.stage:
            break
        if instruction.keyword == "RUN":
            if not _ignores(build, layer, taken):
                break
            runs.append(layer)
        elif instruction.keyword not in _PASSED:
            break
        elif _is_fed(instruction, taken):
            taken.update(pair.key for pair in instruction.pairs)
            fed.append(instruction)
        elif _mentions(instruction, taken):
            break
    return runs, [each for each in fed if runs and each.end < runs[-1].instruction.start]


def _is_fed(instruction: Instruction, taken: set[str]) -> bool:
    """Whether it is an ENV of such names whose values need these variables and no others."""
    return instruction.keyword == "ENV" and all(
        pair.key.upper() in _VOLATILE
        and pair.value
        and names(pair.value)
        and names(pair.value) <= taken
        for pair in instruction.pairs
    )


def _ignores(build: Build, layer: Layer, taken: set[str]) -> bool:
    """Whether a RUN is known in full and takes nothing from these variables."""
    script = layer.script
    if script is None or script.opaque is not None or {*taken, "*"} & script.variables:
        return False
    parts = pieces(build, layer, build.layers[: layer.index])
    return bool(parts) and all(part.reads_source is None for part in parts)


def _mentions(instruction: Instruction, taken: set[str]) -> bool:
    sets = instruction.keyword in ("ARG", "ENV") and any(p.key in taken for p in instruction.pairs)
    return sets or not taken.isdisjoint(names(instruction.value))


def _report(build: Build, moved: Sequence[Instruction], runs: Sequence[Layer]) -> Finding:
    text, path, argument = build.dockerfile.text, build.path, moved[0]
    last = runs[-1].instruction
    starts = (build.dockerfile.line_starts[each.span.start - 1] for each in moved)
    ends = (text.find("\n", each.end) + 1 for each in moved)
    raw = "".join(build.dockerfile.newline + text[each.start : each.end] for each in moved)
    name = argument.pairs[0].key
    stage = build.dockerfile.stages[argument.stage]
    steps = "the RUN below it" if len(runs) == 1 else f"{len(runs)} RUN steps below it"
    return rule.finding(
        path,
        Span(argument.span.start, last.span.end),
        subject=f"{stage.label} ARG {name}",
        message=(
            f"{code(name)} has a new value with every build, and each new value re-runs {steps}, "
            f"which {'does' if len(runs) == 1 else 'do'} not read it."
        ),
        fix=Fix(
            (
                *(Edit(path, start, end, "") for start, end in zip(starts, ends, strict=True)),
                Edit(path, last.end, last.end, raw),
            )
        ),
    )

"""How stages are built on each other, and what a step finds done."""

from collections.abc import Mapping

from rules.model.cache import Build, Layer, once
from rules.model.images import Image, read_image


@once
def starts_of(build: Build) -> Mapping[int, Layer]:
    """The FROM of each stage."""
    return {layer.stage: layer for layer in build.layers if layer.instruction.keyword == "FROM"}


def base_image(build: Build, stage: int) -> Image:
    """The image that a stage is built on in the end, through the stages between."""
    starts = starts_of(build)
    while (parent := starts[stage].parent) is not None:
        stage = parent
    return read_image(starts[stage].image or build.dockerfile.stages[stage].image)


def built_on(build: Build, stage: int) -> set[int]:
    """A stage and all that are built on it, directly or not."""
    found = {stage}
    for other, start in starts_of(build).items():  # a stage stands behind the one it is built on
        if start.parent in found:
            found.add(other)
    return found


def seen_by(build: Build, layer: Layer) -> tuple[Layer, ...]:
    """The layers that a layer's step finds done, the oldest first."""
    start = starts_of(build)[layer.stage]
    return (*inherited(build, layer.stage), *build.layers[start.index : layer.index])


@once
def inherited(build: Build, stage: int) -> tuple[Layer, ...]:
    """The layers of the stages that this one is built on, the oldest first."""
    starts, above = starts_of(build), set()
    while (parent := starts[stage].parent) is not None:
        above.add(parent)
        stage = parent
    return tuple(layer for layer in build.layers if layer.stage in above)

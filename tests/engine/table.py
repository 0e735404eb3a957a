"""The tables of rebuilds that a real engine has answered (tests/rules/model/data).

cache_semantics.json: "trees" (build contexts), and "rows": a Dockerfile with tree number `tree`,
built with an empty cache; then `change` (tests/engine/tree.py and build.py say which there are) and
the status of every instruction of the second build by its first line *in the changed Dockerfile*:
"cached", "run", "base" (FROM), "meta" (makes no step), "skipped". Or `error`: the second build fails.
Some rows say more: `images` (what faked images hold), `urls` (what ADD is answered first),
`imported` (second build on an empty engine with the first one's cache, mode "min" or "max"),
`outputs` ("const": what its RUNs leave does not change; else a RUN's output depends on all its
inputs), `kind` ("git": the context is a commit that the engine fetches), `build_args` (given both times),
`same_folder` (second build from the very folder of the first), `merge` (of COPY --link, the joining
with the layer before), `triggers` (ONBUILD steps at their FROM).

engine_rows.json, the same, holds what we measured ourselves; its "sent" are the files of the first tree
that `COPY . .` takes from a context of the git kind.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.build import Case
from tests.engine.images import Image

DATA = Path(__file__).parents[1] / "rules/model/data"


@dataclass(frozen=True, slots=True)
class Row:
    """One rebuild and the engine's answer."""

    name: str
    tree: Mapping[str, Any]
    dockerfile: str
    change: Any
    status: Mapping[int, str] | None
    """By line; None: the second build fails."""
    more: Mapping[str, Any]

    def case(self) -> Case:
        """The first build."""
        images = {name: _image(given) for name, given in self.more.get("images", {}).items()}
        urls = {
            path: (text, headers) for path, (text, headers) in self.more.get("urls", {}).items()
        }
        return Case(
            self.tree,
            text=self.dockerfile,
            images=images,
            urls=urls,
            outputs=self.more.get("outputs", "hash"),
            imported=self.more.get("imported", ""),
            kind=self.more.get("kind", "local"),
            build_args=self.more.get("build_args", {}),
        )


def _image(given: Mapping[str, Any]) -> Image:
    return Image(
        files=given.get("files", {}),
        onbuild=tuple(given.get("onbuild", ())),
        aliases=tuple(given.get("aliases", ())),
    )


def rows(name: str = "cache_semantics.json") -> list[Row]:
    """All rows of a table."""
    data = json.loads((DATA / name).read_text())
    common = {"id", "label", "tree", "dockerfile", "change", "status"}
    return [
        Row(
            f"{row['id']}: {row['label']}",
            data["trees"][row["tree"]],
            row["dockerfile"],
            row["change"],
            {int(line): status for line, status in row["status"].items()}
            if "status" in row
            else None,
            {key: value for key, value in row.items() if key not in common},
        )
        for row in data["rows"]
    ]

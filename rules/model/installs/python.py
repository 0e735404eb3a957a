"""pyproject.toml: what an install of its dependencies reads, apart from the project itself.

https://packaging.python.org/en/latest/specifications/pyproject-toml/
"""

from typing import Any

from rules.model.installs.install import Image, join
from rules.model.installs.pip import refuse_local
from rules.model.installs.reading import NeedsSourceError, mapping, strings, table, toml_table


def project_table(image: Image, folder: str) -> dict[str, Any]:
    """A folder's pyproject.toml, whose standard dependencies are all from elsewhere."""
    path = join(folder, "pyproject.toml")
    document = toml_table(image, path)
    project = mapping(document.get("project"))
    named = strings(project.get("dependencies"))
    for extra in mapping(project.get("optional-dependencies")).values():
        named += strings(extra)
    for group in mapping(document.get("dependency-groups")).values():
        named += strings(group)
    for requirement in named:
        refuse_local(requirement, path)
    return document


def dynamic_fields(document: dict[str, Any]) -> set[str]:
    """The fields that only a build back end can tell, from files that it chooses."""
    return set(strings(table(document, "project").get("dynamic")))


def refuse_dynamic_dependencies(document: dict[str, Any]) -> None:
    """Raise NeedsSourceError when the dependencies themselves are found by the back end."""
    if dynamic_fields(document) & {"dependencies", "optional-dependencies", "requires-python"}:
        raise NeedsSourceError("its dependencies are found by the build back end")

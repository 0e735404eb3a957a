"""A small image in memory, and how a test asks what a call reads of it."""

from collections.abc import Mapping

from rules.model.installs.install import Call, Manager, Reads


class Memory:
    """Files that were copied, by absolute path."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(files)

    def has(self, path: str) -> bool:
        return path in self._files

    def text(self, path: str) -> str | None:
        return self._files.get(path)

    def below(self, folder: str) -> list[str]:
        start = folder.rstrip("/") + "/"
        return sorted(path for path in self._files if path.startswith(start))


def ask(
    manager: Manager,
    command: str,
    files: Mapping[str, str],
    *,
    folder: str = "/app",
    environment: Mapping[str, str | None] | None = None,
) -> Reads | None:
    """What a command line reads; `files` by path below /app."""
    program, *words = command.split()
    assert program.rpartition("/")[2] in manager.programs
    image = Memory({f"/app/{path}": text for path, text in files.items()})
    path = program if "/" in program else ""
    return manager.read(Call(tuple(words), folder, path, environment or {}), image)


def listed(manager: Manager, command: str, files: Mapping[str, str], **more: object) -> list[str]:
    """The files that a project install reads, by path below /app; it must not need the source."""
    reads = ask(manager, command, files, **more)
    assert reads is not None
    assert reads.project
    assert reads.needs_source is None, reads.needs_source
    return [path.removeprefix("/app/") for path in reads.files]


def reason(manager: Manager, command: str, files: Mapping[str, str], **more: object) -> str:
    """Why a call must stay behind the source."""
    reads = ask(manager, command, files, **more)
    assert reads is not None
    assert reads.project
    assert reads.needs_source is not None, reads.files
    return reads.needs_source


def is_tool(manager: Manager, command: str, files: Mapping[str, str], **more: object) -> bool:
    """Whether a call installs what its own words name and reads nothing of the project."""
    reads = ask(manager, command, files, **more)
    return reads is not None and not reads.project

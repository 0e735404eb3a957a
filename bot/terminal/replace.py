"""Files are replaced whole: each has its old text or its new one, and all of them or none."""

import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path


class ChangedError(OSError):
    """A file is not what it was when it was read."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(0, what, str(path))


def replace_files(texts: Mapping[Path, tuple[str | None, str]]) -> None:
    """Give files new texts: path -> (the text that it must have now, None for no file; the new).

    Modes are kept. Raises OSError and leaves all as it was where one cannot be replaced, has
    changed meanwhile, or is a symbolic link.
    """
    with ExitStack() as stack:
        ready = [(_written_beside(path, new, stack), path) for path, (_, new) in texts.items()]
        for path, (old, _) in texts.items():
            _expect(path, old)
        done: list[Path] = []
        try:
            for fresh, path in ready:
                fresh.replace(path)
                done.append(path)
        except OSError:
            for path in done:
                _put_back(path, texts[path][0])
            raise


def _written_beside(path: Path, text: str, stack: ExitStack) -> Path:
    """A new file in the same folder, with the mode and the owner of the one it will replace."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    stack.callback(Path(name).unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(descriptor)
        try:
            there = path.lstat()
        except FileNotFoundError:
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(descriptor, 0o666 & ~mask)
        else:
            with suppress(PermissionError):
                os.fchown(descriptor, there.st_uid, there.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
    return Path(name)


def _expect(path: Path, text: str | None) -> None:
    if path.is_symlink():
        raise ChangedError(path, "a symbolic link is not written through")
    try:
        now: bytes | None = path.read_bytes()
    except FileNotFoundError:
        now = None
    if now != (None if text is None else text.encode()):
        raise ChangedError(path, "it changed meanwhile, and was left alone")


def _put_back(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        with ExitStack() as stack:
            _written_beside(path, text, stack).replace(path)

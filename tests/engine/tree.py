"""Build contexts as data, and the changes that are made to them.

A tree maps a path to what stands there: a text, or {"content"|"b64": …, "mode": "755"}, or
{"symlink": target}; a path that ends in "/" is a folder. A change is one of the `OPERATIONS` below as a
mapping {"op": …, …}, or a list of them; both are plain JSON, so tables can hold them.
"""

import base64
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Tree = Mapping[str, Any]
Change = Mapping[str, Any] | Sequence[Mapping[str, Any]]
EPOCH = 1577836800
"""When every file of a context was last changed (seconds): 2020-01-01."""


def write_tree(root: Path, tree: Tree) -> None:
    """Make the files, folders and links of a tree under a folder, all of one time."""
    root.mkdir(parents=True, exist_ok=True)
    for path, spec in tree.items():
        place = root / path
        given = {"content": spec} if isinstance(spec, str) else spec
        if path.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(int(str(given.get("mode", "755")), 8))
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if "symlink" in given:
            place.symlink_to(given["symlink"])
            continue
        data = (
            base64.b64decode(given["b64"])
            if "b64" in given
            else given.get("content", "").encode(errors="surrogateescape")
        )
        place.write_bytes(data)
        place.chmod(int(str(given.get("mode", "644")), 8))
    set_times(root, EPOCH)


def copy_folder(source: Path, root: Path) -> None:
    """Copy a folder (a clone of a repository) as a context; links stay links."""
    shutil.copytree(source, root, symlinks=True, dirs_exist_ok=True)


def set_times(root: Path, when: int) -> None:
    """Give everything below a folder one time (seconds)."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            os.utime(Path(folder, name), (when, when), follow_symlinks=False)


def _modify(root: Path, change: Mapping[str, Any]) -> None:
    place = root / change["path"]
    mode = stat.S_IMODE(place.stat().st_mode)
    if "content" in change:
        place.write_text(change["content"])
    else:
        with place.open("a") as file:
            file.write(change.get("append", "\n# changed\n"))
    place.chmod(mode)


def _add(root: Path, change: Mapping[str, Any]) -> None:
    place = root / change["path"]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(change.get("content", "added\n"))
    place.chmod(int(str(change.get("mode", "644")), 8))


def _delete(root: Path, change: Mapping[str, Any]) -> None:
    place = root / change["path"]
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()


def _rename(root: Path, change: Mapping[str, Any]) -> None:
    target = root / change["to"]
    target.parent.mkdir(parents=True, exist_ok=True)
    (root / change["path"]).rename(target)


def _symlink(root: Path, change: Mapping[str, Any]) -> None:
    (root / change["path"]).unlink(missing_ok=True)
    (root / change["path"]).symlink_to(change["to"])


def _widen(root: Path, _change: Mapping[str, Any]) -> None:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            place = Path(folder, name)
            if not place.is_symlink():
                place.chmod(stat.S_IMODE(place.stat().st_mode) | 0o020)


OPERATIONS: Mapping[str, Callable[[Path, Mapping[str, Any]], object]] = {
    "nop": lambda _root, _change: None,
    "modify": _modify,  # path, [content | append]
    "add": _add,  # path, [content], [mode]
    "mkdir": lambda root, change: (root / change["path"]).mkdir(parents=True),
    "delete": _delete,  # path
    "rename": _rename,  # path, to
    "symlink": _symlink,  # path, to
    "hardlink": lambda root, change: (root / change["path"]).hardlink_to(root / change["to"]),
    "chmod": lambda root, change: (root / change["path"]).chmod(int(str(change["mode"]), 8)),
    "chown": lambda root, change: os.chown(
        root / change["path"], change.get("uid", 1234), change.get("gid", 1234)
    ),
    "xattr": lambda root, change: os.setxattr(
        root / change["path"], change["name"], change["value"].encode()
    ),
    "touch": lambda root, change: os.utime(
        root / change["path"], (change.get("mtime", EPOCH + 86400),) * 2
    ),
    "touch-all": lambda root, _change: set_times(root, EPOCH + 86400),
    "umask-all": _widen,  # as if checked out under umask 002
    "shell": lambda root, change: subprocess.run(change["cmd"], shell=True, check=True, cwd=root),
}
"""Changes of files by name; build.py adds those of the Dockerfile, the arguments and the images."""


def operations(change: Change) -> Sequence[Mapping[str, Any]]:
    """A change as a list."""
    return [change] if isinstance(change, Mapping) else change

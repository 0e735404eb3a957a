"""Places in an image: those of a project, and those that the system reads without being told."""

from collections.abc import Iterable

_SYSTEM = frozenset(
    "/ /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /sys /usr "
    "/usr/bin /usr/lib /usr/local /usr/sbin /usr/share /var /tmp".split()
)
_UNDER = ("/bin/", "/etc/", "/lib/", "/lib64/", "/proc/", "/root/", "/run/", "/sbin/", "/sys/")
_UNDER_USR = ("/usr/src", "/usr/app", "/usr/local/app", "/usr/local/src/")


def is_project_folder(path: str) -> bool:
    """Whether files at this absolute path are read only by those that name them or run there.

    Certificates, package sources, shell profiles and settings of tools lie in system folders and
    in homes: a step that never names them may read them all the same.
    """
    folder = path.rstrip("/") or "/"
    if folder in _SYSTEM or folder.startswith(_UNDER):
        return False
    if folder.startswith("/usr/"):
        return folder.startswith(_UNDER_USR)
    if folder.startswith("/home/"):
        return folder.count("/") > 2
    if folder.startswith("/var/"):
        return folder.startswith(("/var/www", "/var/task", "/var/app"))
    return True


def is_inside(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder or lies in it."""
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def overlap(one: str, other: str) -> bool:
    """Whether one of two absolute paths is the other or lies in it."""
    return is_inside(one, other) or is_inside(other, one)


def is_home(folder: str) -> bool:
    """Whether it is somebody's home, or `/`: tools look there for files that nobody names."""
    bare = folder.rstrip("/")
    return bare in ("", "/root") or (bare.startswith("/home/") and bare.count("/") == 2)


def holds_only_named(folder: str, names: Iterable[str]) -> bool:
    """Whether files with these first names below a home or `/` are read only by who names them.

    In a home that is so without hidden files, in `/` without folders of the system.
    """
    if not is_home(folder):
        return False
    if folder.rstrip("/"):
        known = (".git", ".docker")  # of the project; no tool looks for them in a home
        return not any(name.startswith(".") and not name.startswith(known) for name in names)
    return not any(f"/{name}" in _SYSTEM for name in names)

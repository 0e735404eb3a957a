"""The package managers that are known, by the programs that one calls."""

from rules.model.installs.install import Manager
from rules.model.installs.npm import NPM
from rules.model.installs.pip import PIP

MANAGERS: tuple[Manager, ...] = (PIP, NPM)

_BY_PROGRAM = {program: manager for manager in MANAGERS for program in manager.programs}


def manager_of(program: str) -> Manager | None:
    """The manager that a program belongs to; versioned names (`pip3.12`) are known too."""
    return _BY_PROGRAM.get(program) or _BY_PROGRAM.get(program.rstrip("0123456789."))

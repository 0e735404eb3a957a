"""The package managers that are known, by the programs that one calls.

Wrappers are peeled before (rules/model/wrappers.py): `python -m pip`, `corepack pnpm`, `npx yarn`.
A program called by a path counts by its name (`./mvnw`, `bin/bundle`), and the path is then a file
that the call reads (`Call.program`).
"""

from rules.model.installs import system
from rules.model.installs.bun import BUN
from rules.model.installs.bundler import BUNDLER
from rules.model.installs.cargo import CARGO
from rules.model.installs.composer import COMPOSER
from rules.model.installs.conan import CONAN
from rules.model.installs.conda import CONDA
from rules.model.installs.dart import DART
from rules.model.installs.deno import DENO
from rules.model.installs.dotnet import DOTNET
from rules.model.installs.go import GO
from rules.model.installs.gradle import GRADLE
from rules.model.installs.haskell import CABAL, STACK
from rules.model.installs.install import Manager
from rules.model.installs.leiningen import LEININGEN
from rules.model.installs.maven import MAVEN
from rules.model.installs.mix import MIX
from rules.model.installs.npm import NPM
from rules.model.installs.pdm import PDM
from rules.model.installs.pip import PIP
from rules.model.installs.pipenv import PIPENV
from rules.model.installs.pnpm import PNPM
from rules.model.installs.poetry import POETRY
from rules.model.installs.rebar3 import REBAR3
from rules.model.installs.renv import RENV
from rules.model.installs.sbt import SBT
from rules.model.installs.swift import SWIFT
from rules.model.installs.uv import UV
from rules.model.installs.yarn import YARN

SYSTEM = (system.APT, system.APK, system.DNF, system.YUM, system.MICRODNF, system.ZYPPER)
"""Those of distributions, which install by an index that they fetch before."""

MANAGERS: tuple[Manager, ...] = (
    *SYSTEM,
    *(PIP, UV, POETRY, PDM, PIPENV, CONDA),
    *(NPM, YARN, PNPM, BUN, DENO),
    *(GO, CARGO, MAVEN, GRADLE, SBT, LEININGEN, BUNDLER, COMPOSER, DOTNET),
    *(MIX, REBAR3, SWIFT, DART, RENV, CABAL, STACK, CONAN),
)

_BY_PROGRAM = {program: manager for manager in MANAGERS for program in manager.programs}

PROGRAMS = tuple(_BY_PROGRAM)
"""The names that they are called by."""


def manager_of(program: str | None) -> Manager | None:
    """The manager that a program belongs to; versioned names (`pip3.12`) are known too."""
    if program is None:
        return None
    return _BY_PROGRAM.get(program) or _BY_PROGRAM.get(program.rstrip("0123456789."))

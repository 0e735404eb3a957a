"""A repository made of a few texts, and what it shows of builds."""

from rules.model.invocations import read_invocations
from rules.model.repository import Repository

DOCKERFILES = [
    "Dockerfile",
    "a/Dockerfile",
    "a/b/Dockerfile",
    "a/web.Dockerfile",
    "c/Containerfile",
]


def shown(texts, *more):
    """The invocations of a repository with these texts and some Dockerfiles."""
    files = frozenset([*texts, *DOCKERFILES, *more])
    return read_invocations(Repository(files, texts))


def places(texts, *more):
    """Dockerfile and context of each invocation."""
    return [(found.dockerfile, found.root) for found in shown(texts, *more)]

"""Files by which platforms and editors build an image themselves."""

import re
from collections.abc import Iterator
from typing import Any

from rules.model.invocations.documents import (
    check_length,
    items,
    pairs,
    read_json,
    read_yaml,
    table,
    text_of,
    walk,
)
from rules.model.invocations.invocation import Invocation, default_dockerfile, inside
from rules.model.repository import Repository


def read_heroku(_: Repository, path: str, text: str) -> Iterator[Invocation]:
    """The folder of the Dockerfile is the context.

    https://devcenter.heroku.com/articles/build-docker-images-heroku-yml
    """
    for document in read_yaml(text):
        images = table(table(table(document).get("build")).get("docker"))
        for image in images.values():
            named = text_of(table(image).get("dockerfile") if isinstance(image, dict) else image)
            file = inside(path.rpartition("/")[0], named) if named else None
            if file is not None:
                yield Invocation(path, file, file.rpartition("/")[0], builder="legacy", hosted=True)


def read_fly(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """https://fly.io/docs/reference/configuration/#the-build-section."""
    folder = path.rpartition("/")[0]
    build = table(table(_toml(text)).get("build"))
    if "image" in build or "builder" in build or "buildpacks" in build:
        return
    named = text_of(build.get("dockerfile"))
    file = inside(folder, named) if named else default_dockerfile(repository, folder, "buildkit")
    if file is not None:
        yield Invocation(path, file, folder, target=text_of(build.get("build-target")))


def read_render(_: Repository, path: str, text: str) -> Iterator[Invocation]:
    """https://render.com/docs/blueprint-spec#docker."""
    for document in read_yaml(text):
        for service in items(table(document).get("services")):
            said = table(service)
            if "docker" not in (said.get("runtime"), said.get("env")):
                continue
            top = text_of(said.get("rootDir")) or ""
            file = inside(top, text_of(said.get("dockerfilePath")) or "Dockerfile")
            root = inside(top, text_of(said.get("dockerContext")) or ".")
            if file is not None and root is not None:
                yield Invocation(path, file, root, hosted=True)


def read_railway(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """The root folder is set on its site.

    https://docs.railway.com/reference/config-as-code
    """
    document = _toml(text) if path.endswith(".toml") else read_json(text)
    build = table(table(document).get("build"))
    if text_of(build.get("builder")) not in (None, "DOCKERFILE"):
        return
    folder = path.rpartition("/")[0]
    named = text_of(build.get("dockerfilePath")) or "Dockerfile"
    places = (inside("", named.lstrip("/")), inside(folder, named.lstrip("/")))
    file = next((place for place in places if place is not None and repository.has(place)), None)
    if file is not None:
        yield Invocation(path, file, None, builder="railway", hosted=True)


def read_devcontainer(_: Repository, path: str, text: str) -> Iterator[Invocation]:
    """https://containers.dev/implementors/json_reference/#image-specific."""
    said = table(read_json(text))
    build = table(said.get("build"))
    named = text_of(build.get("dockerfile", said.get("dockerFile")))
    folder = path.rpartition("/")[0]
    file = inside(folder, named) if named else None
    root = inside(folder, text_of(build.get("context", said.get("context"))) or ".")
    if file is not None and root is not None:
        args = pairs(build.get("args"))
        yield Invocation(path, file, root, target=text_of(build.get("target")), args=args)


def read_openshift(_: Repository, path: str, text: str) -> Iterator[Invocation]:
    """BuildConfigs, built by an old Buildah from a checkout.

    https://docs.redhat.com/documentation/en-us/openshift_container_platform
    """
    if "dockerStrategy" not in text:
        return
    for document in read_yaml(text):
        for node in walk(document):
            if not isinstance(node, dict) or node.get("kind") != "BuildConfig":
                continue
            spec = table(node.get("spec"))
            strategy = table(spec.get("strategy"))
            if "dockerStrategy" not in strategy:
                continue
            root = inside("", text_of(table(spec.get("source")).get("contextDir")) or ".")
            name = text_of(table(strategy.get("dockerStrategy")).get("dockerfilePath"))
            file = None if root is None else inside(root, name or "Dockerfile")
            if file is not None:
                yield Invocation(path, file, root, builder="legacy", hosted=True)


def read_goreleaser(_: Repository, path: str, text: str) -> Iterator[Invocation]:
    """The context is a folder made for the build (https://goreleaser.com/customization/docker/)."""
    for document in read_yaml(text):
        for key in ("dockers", "dockers_v2"):
            for image in items(table(document).get(key)):
                file = inside("", text_of(table(image).get("dockerfile")) or "Dockerfile")
                if file is not None:
                    yield Invocation(path, file, None, "unknown")


_CALL = re.compile(r"\bdocker_build\s{0,9}\(")
_ARGUMENT = re.compile(r"(?:(\w{1,40})\s{0,9}=\s{0,9})?(['\"])([^'\"\n]{0,200})\2\s{0,40}(?=[,)])")


def read_tiltfile(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """`docker_build('image', 'context', dockerfile='file')` (https://docs.tilt.dev/api.html)."""
    folder = path.rpartition("/")[0]
    check_length(text)
    for call in _CALL.finditer(text):
        given = _ARGUMENT.findall(text[call.end() : call.end() + 600].partition("docker_build")[0])
        named = {name: value for name, _, value in given if name}
        plain = [value for name, _, value in given if not name]
        context = named.get("context", plain[1] if len(plain) > 1 else None)
        root = None if context is None else inside(folder, context)
        if root is None:
            continue
        name = named.get("dockerfile")
        file = inside(folder, name) if name else default_dockerfile(repository, root, "buildkit")
        if file is not None:
            yield Invocation(path, file, root, target=named.get("target"))


def _toml(text: str) -> Any:
    check_length(text)
    import tomllib  # noqa: PLC0415  # many have no such file

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None

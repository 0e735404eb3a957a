"""Builds in the files of CI systems other than GitHub's, and in package.json."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from rules.model.invocations.documents import (
    check_length,
    items,
    read_json,
    read_yaml,
    table,
    text_of,
    walk,
)
from rules.model.invocations.invocation import Invocation, default_dockerfile, inside
from rules.model.invocations.scripts import mentions_build, read_script
from rules.model.repository import Repository

MAX_CHARACTERS = 128 * 1024
MAX_SCRIPTS = 300
"""Pieces of shell text looked at in one file."""


def read_pipeline(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """The shell text in a YAML file: every list of lines and every string that holds a build.

    GitLab, CircleCI, Azure, Travis, Bitbucket, Drone, CodeBuild and Taskfiles are read alike:
    their steps start in the repository's root, or in the folder of the file.
    """
    if not mentions_build(text) and "docker@" not in text.lower():
        return
    folders = ("", path.rpartition("/")[0])
    for document in read_yaml(text):
        known = _variables(document)
        scripts: dict[str, None] = {}
        for node in walk(document):
            if isinstance(node, list):
                scripts["\n".join(line for line in node if isinstance(line, str))] = None
            else:
                scripts.update(dict.fromkeys(v for v in node.values() if isinstance(v, str)))
                yield from _azure(repository, path, node)
        for script in islice(filter(mentions_build, scripts), MAX_SCRIPTS):
            yield from read_script(repository, path, script, folders, known)


def _variables(document: Any) -> dict[str, str | None]:
    """What GitLab and Azure set for all jobs."""
    said = table(table(document).get("variables"))
    plain = ((str(name), text_of(value)) for name, value in said.items())
    return {name: None if value is None or "$" in value else value for name, value in plain}


def _azure(repository: Repository, path: str, node: Mapping[str, Any]) -> Iterator[Invocation]:
    """https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/docker-v2."""
    inputs = table(node.get("inputs"))
    if not (text_of(node.get("task")) or "").lower().startswith("docker@"):
        return
    if text_of(inputs.get("command")) not in ("build", "buildAndPush", None):
        return
    file = (text_of(inputs.get("Dockerfile", inputs.get("dockerfile"))) or "**/Dockerfile").strip()
    file = file.removeprefix("$(Build.SourcesDirectory)/").removeprefix(
        "$(System.DefaultWorkingDirectory)/"
    )
    if file.startswith("**/"):
        found = [p for p in repository.paths if ("/" + p).endswith(file[2:])]
        file = found[0] if len(found) == 1 else ""
    dockerfile = inside("", file) if file and "$" not in file else None
    if not dockerfile:
        return
    context = (text_of(inputs.get("buildContext")) or "**").strip()
    context = re.sub(
        r"^\$\((?:Build\.SourcesDirectory|System\.DefaultWorkingDirectory)\)/?", "./", context
    )
    if context == "**":
        root: str | None = dockerfile.rpartition("/")[0]
    else:
        root = None if "$" in context else inside("", context)
    yield Invocation(path, dockerfile, root)


_STRING = re.compile(r'"""|\'\'\'|"|\'')
_DIR = re.compile(r"\bdir\s{0,9}\(\s{0,9}['\"]([^'\"$\n]{1,200})['\"]\s{0,9}\)")
_DOCKER_BUILD = re.compile(r"docker\.build\s{0,9}\(")


def read_jenkinsfile(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """`sh 'docker build …'` and `docker.build(name, options)` of a Jenkinsfile."""
    if not mentions_build(text):
        return
    check_length(text, MAX_CHARACTERS)
    strings = list(_groovy_strings(text))
    folders = ("", path.rpartition("/")[0], *_DIR.findall(text))
    scripts = dict.fromkeys(string for _, string in strings)
    for script in islice(filter(mentions_build, scripts), MAX_SCRIPTS):
        yield from read_script(repository, path, script, folders)
    for call in islice(_DOCKER_BUILD.finditer(text), MAX_SCRIPTS):
        end = text.find(")", call.end())
        given = [string for at, string in strings if call.end() <= at < max(end, call.end())]
        options = given[1] if len(given) > 1 else "."
        yield from read_script(repository, path, f"docker build {options}", folders)


def _groovy_strings(text: str) -> Iterator[tuple[int, str]]:
    """Where each string starts, and what stands in it."""
    at = 0
    while found := _STRING.search(text, at):
        quote, start = found[0], found.end()
        at = start
        while at < len(text) and not text.startswith(quote, at):
            if len(quote) == 1 and text[at] == "\n":
                break
            at += 2 if text[at] == "\\" else 1
        yield start, text[start:at].replace("\\\\", "\\")
        at += len(quote) if text.startswith(quote, at) else 1


def read_package_json(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """The scripts of a package.json, which run in its folder."""
    if mentions_build(text):
        for script in table(table(read_json(text)).get("scripts")).values():
            if isinstance(script, str):
                yield from read_script(repository, path, script, (path.rpartition("/")[0],))


def read_cloudbuild(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """Cloud Build, whose Docker knows no BuildKit unless it is told to.

    https://docs.cloud.google.com/build/docs/build-config-file-schema
    """
    for document in read_yaml(text):
        options = table(table(document).get("options"))
        for step in items(table(document).get("steps")):
            said = table(step)
            env = [*items(options.get("env")), *items(said.get("env"))]
            given = dict(e.partition("=")[::2] for e in env if isinstance(e, str))
            variables = {"DOCKER_BUILDKIT": "0", **given}
            yield from _cloudbuild_step(repository, path, said, variables)


def _cloudbuild_step(
    repository: Repository, path: str, step: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Invocation]:
    name = text_of(step.get("name")) or ""
    args = step.get("args")
    words = args.split() if isinstance(args, str) else [text_of(w) or "" for w in items(args)]
    entry, script = text_of(step.get("entrypoint")), text_of(step.get("script"))
    if script is None and entry in ("bash", "sh", "/bin/bash", "/bin/sh"):
        script = words[-1] if words else None
    elif script is None:
        program = entry or ("kaniko/executor" if "kaniko" in name else "docker")
        if "docker" not in name and "kaniko" not in name:
            return
        script = " ".join([program, *map(_quoted, words)])
    if script is not None:
        folders = (text_of(step.get("dir")) or "", path.rpartition("/")[0])
        yield from read_script(repository, path, script, folders, variables)


def _quoted(word: str) -> str:
    """A word for a shell, its variables left to be unknown."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`") + '"'


def read_skaffold(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """Skaffold's artifacts (https://skaffold.dev/docs/references/yaml/)."""
    folder = path.rpartition("/")[0]
    for document in read_yaml(text):
        said = table(document)
        for part in [said, *map(table, items(said.get("profiles")))]:
            build = table(part.get("build"))
            cloud = (
                "googleCloudBuild" in build
                or table(build.get("local")).get("useBuildkit") == "false"
            )
            for artifact in map(table, items(build.get("artifacts"))):
                root = inside(folder, text_of(artifact.get("context")) or ".")
                for kind, builder in (
                    ("docker", "legacy" if cloud else "buildkit"),
                    ("kaniko", "kaniko"),
                ):
                    how = artifact.get(kind)
                    others = {"custom", "jib", "bazel", "buildpacks", "ko", "docker", "kaniko"}
                    plain = kind == "docker" and not others & artifact.keys()
                    if root is None or not (isinstance(how, dict) or kind in artifact or plain):
                        continue
                    name = text_of(table(how).get("dockerfile"))
                    file = (
                        inside(root, name)
                        if name
                        else default_dockerfile(repository, root, "buildkit")
                    )
                    if file is not None:
                        yield Invocation(
                            path,
                            file,
                            root,
                            builder="kaniko"
                            if builder == "kaniko"
                            else "legacy"
                            if cloud
                            else "buildkit",
                            target=text_of(table(how).get("target")),
                        )

"""Reads a Dockerfile's layers: the folder, the user, the shell and the variables of each."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from rules.model.copies import Copy, is_remote, keeps_name
from rules.model.dataclass import dataclass
from rules.model.dockerfile import Dockerfile, Instruction
from rules.model.environment import Environments
from rules.model.ignore import IgnoreFile
from rules.model.images import read_image
from rules.model.layer import Layer, cleaned
from rules.model.mount import Mount, read_mount
from rules.model.sources import Files, clean
from rules.model.variables import Scope, scopes

SHELL = ("/bin/sh", "-c")
MAX_LAYERS = 6_000
"""ONBUILD may multiply instructions; beyond this many layers its triggers are left out."""
_FOLDERS = frozenset(
    """
    / /bin /boot /dev /etc /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr
    /usr/bin /usr/lib /usr/local /usr/local/bin /usr/local/lib /usr/sbin /usr/share /usr/src /var
    /var/cache /var/lib /var/log /var/tmp
    """.split()
)
"""Folders that every image has but the empty one."""


@dataclass(slots=True)
class _State:
    """What the next instruction of a stage sees; each instruction changes it."""

    folder: str | None = None
    folder_text: str = ""
    user: str | None = None
    user_text: str = ""
    shell: tuple[str, ...] = SHELL
    folders: set[str] = field(default_factory=set)
    """Paths known to be folders of the image."""
    makers: list[Layer] = field(default_factory=list)
    """RUNs that may make more of them."""
    onbuild: list[Instruction] = field(default_factory=list)

    def inherited(self) -> "_State":
        """Give what a stage that is built on this one starts with."""
        return replace(
            self, folders=set(self.folders), makers=list(self.makers), onbuild=list(self.onbuild)
        )

    def is_folder(self, path: str) -> bool:
        """Whether a path of the image is known to be a folder; RUNs are read for it."""
        for layer in self.makers:
            self.folders.update(_made_folders(layer))
        self.makers = []
        return path in self.folders

    def has_folder(self, path: str) -> None:
        """Note that a path is a folder, and so are those above it."""
        while path not in self.folders:
            self.folders.add(path)
            path = path.rpartition("/")[0] or "/"


def read_layers(
    dockerfile: Dockerfile, context: Files, arguments: Mapping[str, str | None]
) -> tuple[Layer, ...]:
    """Read a Dockerfile's layers, one for each instruction, in order.

    `arguments` are build arguments given from outside, None for one whose value is not known.
    """
    return tuple(_Reader(dockerfile, context, arguments).layers())


def read_changed(
    old: Sequence[Layer], dockerfile: Dockerfile, before: Dockerfile
) -> tuple[Layer, ...] | None:
    """The layers of a Dockerfile of which only RUNs differ from one before, made of its layers.

    None where more differs, or what a RUN does may matter to how a COPY is read.
    """
    now = dockerfile.instructions
    if len(old) != len(now) or dockerfile.escape != before.escape:
        return None
    found: list[Layer] = []
    for layer, instruction in zip(old, now, strict=True):
        known = layer.instruction
        if instruction.keyword != known.keyword or layer.triggers:
            return None
        if instruction.value == known.value and instruction.texts == known.texts:
            found.append(layer.moved(instruction))
        elif instruction.keyword == "RUN" and "mkdir" not in instruction.value + known.value:
            mounts = _mounts(instruction, dockerfile, layer.variables, layer.folder)
            found.append(
                _made(
                    instruction,
                    layer.index,
                    layer.variables,
                    layer,
                    step=True,
                    environment=layer.environment,
                    mounts=mounts,
                )
            )
        else:
            return None
    return tuple(found)


class _Reader:
    """Reads the instructions of one Dockerfile in order, keeping the state of each stage."""

    def __init__(
        self, dockerfile: Dockerfile, context: Files, arguments: Mapping[str, str | None]
    ) -> None:
        self._dockerfile = dockerfile
        self._context = context
        self._scopes = scopes(dockerfile, arguments)
        self._environments = Environments(dockerfile, self._scopes.parents)
        self._states: list[_State] = []
        self._extra = len(dockerfile.instructions)
        """The next free number for a trigger."""

    def layers(self) -> Iterator[Layer]:
        state = _State()
        for index, instruction in enumerate(self._dockerfile.instructions):
            scope = self._scopes.before[index]
            if instruction.keyword == "FROM":
                state = self._start(instruction.stage)
                self._states.append(state)
                yield self._from(instruction, index, scope, state)
            else:
                yield self._next(instruction, index, scope, state)

    def _start(self, stage: int) -> _State:
        parent = self._scopes.parents[stage]
        if parent is not None:
            return self._states[parent].inherited()
        image = self._image(stage)
        known = read_image(image)
        folders = {"/"} if image == "scratch" else set(_FOLDERS)
        return _State(known.folder, known.folder or "", known.user, folders=folders)

    def _image(self, stage: int) -> str:
        return self._scopes.images[stage].text or self._dockerfile.stages[stage].image

    def _from(self, instruction: Instruction, index: int, scope: Scope, state: _State) -> Layer:
        stage = instruction.stage
        parent = self._scopes.parents[stage]
        platform = _platform(scope, self._dockerfile.stages[stage].platform)
        if parent is None:
            return _made(
                instruction, index, scope, state, image=self._image(stage), platform=platform
            )
        before = replace(state)
        triggers = self._triggers(instruction, index, state)
        return _made(
            instruction, index, scope, before, parent=parent, platform=platform, triggers=triggers
        )

    def _triggers(self, instruction: Instruction, index: int, state: _State) -> tuple[Layer, ...]:
        """Run the ONBUILD instructions of the stage that a FROM names."""
        made: list[Layer] = []
        waiting, state.onbuild = state.onbuild, []
        following = self._scopes.before[index + 1 : index + 2]
        scope = following[0] if following else self._scopes.before[index]
        for inner in waiting[: max(0, MAX_LAYERS - self._extra)]:
            trigger = replace(inner, stage=instruction.stage, span=instruction.span)
            made.append(self._next(trigger, self._extra, scope, state))
            self._extra += 1
        return tuple(made)

    def _next(self, instruction: Instruction, index: int, scope: Scope, state: _State) -> Layer:
        """Read one instruction and change the state as it does."""
        match instruction.keyword:
            case "RUN":
                return self._run(instruction, index, scope, state)
            case "COPY" | "ADD":
                return self._copy(instruction, index, scope, state)
            case "WORKDIR":
                return self._workdir(instruction, index, scope, state)
        layer = _made(instruction, index, scope, state)
        if instruction.keyword == "USER":
            state.user = scope.expand(instruction.value).text
            state.user_text = state.user or instruction.value
        elif instruction.keyword == "SHELL" and instruction.args:
            state.shell = tuple(word.text for word in instruction.args)
        elif instruction.keyword == "ONBUILD" and instruction.inner is not None:
            state.onbuild.append(instruction.inner)
        return layer

    def _run(self, instruction: Instruction, index: int, scope: Scope, state: _State) -> Layer:
        layer = _made(
            instruction,
            index,
            scope,
            state,
            step=True,
            environment=self._environments.key(instruction.stage, scope),
            mounts=_mounts(instruction, self._dockerfile, scope, state.folder),
        )
        if "mkdir" in instruction.value:
            state.makers.append(layer)
        return layer

    def _workdir(self, instruction: Instruction, index: int, scope: Scope, state: _State) -> Layer:
        layer = _made(instruction, index, scope, state, step=True)
        state.folder, state.folder_text = layer.entered()
        if state.folder == "/":
            return replace(layer, step=False)
        if state.folder is not None:
            state.has_folder(state.folder)
        return layer

    def _copy(self, instruction: Instruction, index: int, scope: Scope, state: _State) -> Layer:
        copy = self._read_copy(instruction, scope, state)
        folder = copy.destination
        if folder is not None:
            if not copy.into_folder and _brings_file(copy):
                if state.is_folder(folder):
                    copy = replace(copy, into_folder=True)
                else:
                    folder = posixpath.dirname(folder)
            state.has_folder(folder)
        return _made(instruction, index, scope, state, step=True, copy=copy)

    def _read_copy(self, instruction: Instruction, scope: Scope, state: _State) -> Copy:
        *words, last = (word.text for word in instruction.args)
        target = scope.expand(last).text
        destination = None
        if target is not None and (target.startswith("/") or state.folder is not None):
            destination = cleaned(posixpath.join(state.folder or "/", target))
        expanded = [scope.expand(word).text for word in words if not word.startswith("<<")]
        known = [word for word in expanded if word is not None]
        remote: tuple[str, ...] = ()
        if instruction.keyword == "ADD":
            remote = tuple(word for word in known if is_remote(word))
        stage, image = self._origin(instruction, scope)
        exclude = instruction.values("exclude")
        inline = tuple(heredoc.name for heredoc in instruction.heredocs)
        return Copy(
            context=self._context,
            stage=stage,
            image=image,
            sources=(
                tuple(clean(word) for word in known if word not in remote)
                if len(known) == len(expanded)
                else None
            ),
            remote=remote,
            inline=inline,
            destination=destination,
            into_folder=keeps_name((*words, *inline), target or ""),
            exclude=IgnoreFile.parse("\n".join(exclude), "") if exclude else None,
            parents=instruction.flag("parents") not in (None, "false"),
            unpacks=instruction.keyword == "ADD",
        )

    def _origin(self, instruction: Instruction, scope: Scope) -> tuple[int | None, str | None]:
        """The stage or the image that `--from` names."""
        reference = instruction.flag("from")
        if reference is None:
            return None, None
        reference = scope.expand(reference).text or reference
        stage = self._dockerfile.stage_named(reference, instruction.stage)
        return stage, reference if stage is None else None


def _mounts(
    instruction: Instruction, dockerfile: Dockerfile, scope: Scope, folder: str | None
) -> tuple[Mount, ...]:
    def stage_named(name: str) -> int | None:
        return dockerfile.stage_named(name, instruction.stage, by_number=False)

    if not instruction.flags:
        return ()
    return tuple(
        read_mount(value, folder, lambda text: scope.expand(text).text, stage_named)
        for value in instruction.values("mount")
    )


def _made(
    instruction: Instruction, index: int, scope: Scope, state: "_State | Layer", **more: Any
) -> Layer:
    return Layer(
        instruction=instruction,
        index=index,
        stage=instruction.stage,
        step=more.pop("step", False),
        folder=state.folder,
        folder_text=state.folder_text,
        user=state.user,
        user_text=state.user_text,
        shell=state.shell,
        variables=scope,
        **more,
    )


def _platform(scope: Scope, platform: str | None) -> str:
    """Write the platform as the key has it: the machine's, taken for linux/amd64, is no news."""
    if platform is None or platform.strip("${}") in ("BUILDPLATFORM", "TARGETPLATFORM"):
        return ""
    return (scope.expand(platform).text or platform).replace("linux/amd64", "")


def _brings_file(copy: Copy) -> bool:
    """Whether all that it copies is one file (a folder's content lands in the destination)."""
    if copy.inline or copy.remote:
        return True
    return copy.local and len(copy.matches) == 1 and not copy.matches[0].folder


def _made_folders(layer: Layer) -> Iterator[str]:
    """Folders that a RUN makes by name."""
    script = layer.script
    for command in script.commands if script is not None else ():
        if command.name != "mkdir":
            continue
        for word in command.argv[1:]:
            if word.literal and (word.value.startswith("/") or layer.folder is not None):
                yield cleaned(posixpath.join(layer.folder or "/", word.value))

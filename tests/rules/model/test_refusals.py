import pytest

from rules.model.dockerfile import Unreadable, parse

REFUSED = {
    "FOO x": "unknown instruction: FOO",
    "FROM\xa0a": "unknown instruction: from\xa0a",
    "\\": "unknown instruction: ",
    "FROM": "FROM requires either one or three arguments",
    "FROM a b": "FROM requires either one or three arguments",
    "FROM a to b": "FROM requires either one or three arguments",
    "FROM a AS b c": "FROM requires either one or three arguments",
    "FROM a AS 1b": 'invalid name for build stage: "1b", name can\'t start with a number or contain symbols',
    "FROM a AS b/c": 'invalid name for build stage: "b/c", name can\'t start with a number or contain symbols',
    "COPY a": "COPY requires at least two arguments",
    'ADD ["a"]': "ADD requires at least two arguments",
    "COPY a <<E\nE": "COPY cannot accept a heredoc as a destination",
    "ENV": "ENV requires at least one argument",
    "ENV a": "ENV must have two arguments",
    "ENV a=b c": 'can\'t find = in "c": must be of the form: name=value',
    "ENV =b": "ENV names can not be blank",
    "LABEL": "LABEL requires at least one argument",
    "ARG": "ARG requires at least one argument",
    "ARG =b": "ARG names can not be blank",
    "USER": "USER requires exactly one argument",
    "WORKDIR": "WORKDIR requires exactly one argument",
    "STOPSIGNAL": "STOPSIGNAL requires exactly one argument",
    "MAINTAINER": "MAINTAINER requires exactly one argument",
    "EXPOSE": "EXPOSE requires at least one argument",
    "VOLUME": "VOLUME requires at least one argument",
    "VOLUME []": "VOLUME requires at least one argument",
    'VOLUME ["a", " "]': "VOLUME specified can not be an empty string",
    "SHELL a": "SHELL requires the arguments to be in JSON form",
    "SHELL []": "SHELL requires the arguments to be in JSON form",
    "HEALTHCHECK": "HEALTHCHECK requires at least one argument",
    "HEALTHCHECK NONE x": "HEALTHCHECK NONE takes no arguments",
    "HEALTHCHECK CMD": "Missing command after HEALTHCHECK CMD",
    "HEALTHCHECK CMD []": "Missing command after HEALTHCHECK CMD",
    "HEALTHCHECK x": 'Unknown type "X" in HEALTHCHECK (try CMD)',
    "ONBUILD": "ONBUILD requires at least one argument",
    "ONBUILD ONBUILD RUN x": "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    "ONBUILD ONBUILD": "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    "ONBUILD FROM x": "FROM isn't allowed as an ONBUILD trigger",
    "ONBUILD MAINTAINER x": "MAINTAINER isn't allowed as an ONBUILD trigger",
    "ONBUILD ENV a": "ENV must have two arguments",
    "RUN [1]": "when using JSON array syntax, arrays must be comprised of strings only",
    "RUN --user=x y": "unknown flag: --user",
    "COPY --FROM=a b c": "unknown flag: --FROM",
    "COPY --from=a --from=b c d": "duplicate flag specified: --from",
    "COPY --from c d": "missing a value on flag: --from",
    "COPY --link= c d": "missing a value on flag: --link",
    "COPY --link=1 c d": "expecting boolean value for flag --link, not: 1",
    "WORKDIR --x=y /a": "unknown flag: --x",
    "RUN --network=x y": 'invalid network mode "x"',
    "RUN --security=x y": 'security "x" is not valid',
    "RUN --mount= y": "failed to parse csv mounts",
    'RUN --mount=a\\"b y': "failed to parse csv mounts",
    "RUN --mount=type=bind,From=$X y": "'from' doesn't support variable expansion",
}


@pytest.mark.parametrize(("instruction", "message"), REFUSED.items(), ids=REFUSED)
def test_what_buildkit_refuses_is_unreadable_with_its_line(instruction: str, message: str):
    with pytest.raises(Unreadable) as error:
        parse(f"FROM a\n\n{instruction}\n")
    assert (error.value.message, error.value.line, str(error.value)) == (message, 3, message)


ACCEPTED = [
    "FROM --platform=$X a",
    "FROM a as B.c-1_d",
    "RUN",
    "RUN []",
    "CMD",
    "ENTRYPOINT []",
    "ENV a=",
    "ENV a b=c d",
    "ARG a b=c",
    "ARG --whatever a",
    "STOPSIGNAL --whatever a",
    "HEALTHCHECK --whatever NONE",
    "HEALTHCHECK --interval=5s --retries=1 cmd x",
    'HEALTHCHECK CMD ["x"]',
    "COPY --link --parents=false --exclude=a --exclude=b c d",
    "COPY --link=TRUE a b",
    "ADD --keep-git-dir --unpack=false --checksum=a --chmod=1 b c",
    "COPY <<E a",
    "RUN --mount=type=bind,from=a$ --mount=type=cache --network=host --device=x y",
    'RUN --mount=\\"a,b\\",c y',
    "ONBUILD FOO",
    "ONBUILD COPY a",
    "ONBUILD HEALTHCHECK x",
    "MAINTAINER a b",
]


@pytest.mark.parametrize("instruction", ACCEPTED)
def test_what_buildkit_accepts_is_read(instruction: str):
    ending = "\nE\n" if "<<E" in instruction else ""
    assert parse(f"FROM a\n{instruction}{ending}").instructions[1].keyword


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "file with no instructions", None),
        ("\n# a\n", "file with no instructions", None),
        ("ARG a\n", "dockerfile contains no stages to build", None),
        ("ARG a\nRUN b\nFROM c\n", "no build stage in current context", 2),
        ("ONBUILD RUN b\nFROM c\n", "no build stage in current context", 1),
    ],
)
def test_a_file_needs_a_stage_before_all_but_arg(text: str, message: str, line: int | None):
    with pytest.raises(Unreadable) as error:
        parse(text)
    assert (error.value.message, error.value.line) == (message, line)

import pytest

from bot.config import Config
from rules.single_stage_build import rule
from tests.rules.tools import check_silent, findings

FILES = {
    "go.mod": "module a.b/c\n",
    "requirements.txt": "flask\n",
    "package.json": '{"scripts": {"build": "tsc"}}',
    "package-lock.json": "{}",
}


def test_the_example_of_the_documentation():
    e = rule.example
    (found,) = findings(rule, {**e.files, "Dockerfile": e.before})
    assert found.fix is None
    assert "`FROM golang:1.25 AS build`" in found.message
    check_silent(rule, e.after, e.files)


@pytest.mark.parametrize(
    ("dockerfile", "worked"),
    [
        ("FROM rust:1\nWORKDIR /s\nCOPY . .\nRUN cargo build --release\nCMD ./x\n", "`COPY --from=build /s/target/release/app /usr/local/bin/`"),
        ("FROM maven:3\nCOPY . .\nRUN mvn -B package\nCMD java -jar x\n", "`FROM eclipse-temurin:21-jre`"),
        ("FROM gradle:8\nCOPY . .\nRUN gradle build\nCMD java -jar x\n", "`RUN gradle build`"),
        ("FROM mcr.microsoft.com/dotnet/sdk:9.0\nCOPY . .\nRUN dotnet publish -o /x\nCMD dotnet x\n", "`FROM mcr.microsoft.com/dotnet/aspnet`"),
        ("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\nCMD node x\n", "`FROM node:22-slim`"),
        ("FROM python:3.12\nWORKDIR /app\nRUN apt-get update && apt-get install -y gcc\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python x\n", "`COPY --from=build /opt/venv /opt/venv`"),
        ("FROM python:3.12-slim\nRUN apt-get update && apt-get install -y build-essential\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python x\n", "`FROM python:3.12-slim`"),
    ],
)  # fmt: skip
def test_each_language_has_a_worked_example(dockerfile, worked):
    (found,) = findings(rule, {**FILES, "Dockerfile": dockerfile})
    assert worked in found.message


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM node:22\nCOPY . .\nRUN npm ci && npm run start\nCMD node x\n",
        "FROM golang:1\nCOPY . .\nRUN go build .\n",
        "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python x\n",
        "FROM python:3.12\nCOPY . .\nRUN apt-get install -y gcc && pip install -r requirements.txt && apt-get purge -y gcc\nCMD python x\n",
    ],
)
def test_silent_where_nothing_is_built_or_run(dockerfile):
    check_silent(rule, dockerfile, FILES)


def test_only_the_strict_profile_and_the_settings_ask_for_it():
    assert not Config().wants(rule.name, rule.strategy)
    assert Config(profile="strict").wants(rule.name, rule.strategy)
    assert Config(rules={rule.name: True}).wants(rule.name, rule.strategy)

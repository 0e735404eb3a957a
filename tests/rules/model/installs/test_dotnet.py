import pytest

from rules.model.installs.dotnet import DOTNET
from tests.rules.model.installs.image import ask, is_tool, listed, reason


def project(inside=""):
    return f'<Project Sdk="Microsoft.NET.Sdk">{inside}</Project>'


def refers(*paths):
    return project(
        "<ItemGroup>"
        + "".join(f'<ProjectReference Include="{p}" />' for p in paths)
        + "</ItemGroup>"
    )


SLN = (
    "\ufeff\r\nMicrosoft Visual Studio Solution File\r\n"
    'Project("{FAE0}") = "A", "A\\A.csproj", "{1}"\r\nEndProject\r\n'
    'Project("{2150}") = "docs", "docs", "{2}"\r\nEndProject\r\n'
)
ALL = {
    "All.sln": SLN,
    "A/A.csproj": refers("..\\B\\B.csproj"),
    "B/B.csproj": project('<Import Project="../common.props" />'),
    "common.props": "<Project />",
    "Directory.Build.props": "<Project />",
    "Directory.Packages.props": "<Project />",
    "nuget.config": '<configuration><packageSources><add key="x" value="https://x/v3" /></packageSources></configuration>',
    "global.json": "{}",
    "A/packages.lock.json": "{}",
}
SOURCE = {"A/Program.cs": "", "C/C.csproj": project()}


@pytest.mark.parametrize(
    "command",
    ["dotnet restore", "dotnet restore All.sln", "dotnet restore /app/All.sln -r linux-x64 /p:X=1"],
)
def test_a_solution_is_followed_to_every_file(command):
    assert set(listed(DOTNET, command, {**ALL, **SOURCE})) == set(ALL)


def test_a_project_is_followed_to_those_it_refers_to():
    wanted = set(ALL) - {"All.sln"}
    assert set(listed(DOTNET, "dotnet restore A/A.csproj", {**ALL, **SOURCE})) == wanted
    assert set(listed(DOTNET, "dotnet restore", {**ALL, **SOURCE}, folder="/app/A")) == wanted
    assert ask(DOTNET, "dotnet restore A", ALL).writes == ("/app/A/obj", "/app/B/obj")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "All.slnx",
            '<Solution><Folder Name="/x/"><Project Path="A/A.csproj" /></Folder></Solution>',
        ),
        ("Some.slnf", '{"solution": {"path": "All.sln", "projects": ["A\\\\A.csproj"]}}'),
    ],
)
def test_other_kinds_of_solutions_are_read(name, text):
    assert {name, "A/A.csproj", "B/B.csproj"} <= set(
        listed(DOTNET, f"dotnet restore {name}", {**ALL, name: text})
    )


@pytest.mark.parametrize(
    "command",
    ["dotnet publish -c Release -o /out", "dotnet build A -p:X=1 -r linux-x64", "dotnet test /m"],
)
def test_a_build_needs_the_source_but_for_its_packages(command):
    reads = ask(DOTNET, command, ALL)
    assert "compiles the source" in reads.needs_source
    assert reads.split.words[:2] == ("dotnet", "restore")
    assert "/app/A/A.csproj" in reads.split.reads.files


def test_the_restore_before_a_build_keeps_project_properties_and_runtime():
    reads = ask(DOTNET, "dotnet publish A -c Release -r linux-x64 /p:X=1", ALL)
    assert reads.split.words == ("dotnet", "restore", "A", "/p:X=1", "-r", "linux-x64")
    assert ask(DOTNET, "dotnet publish A --arch arm64", ALL).split is None


@pytest.mark.parametrize(
    "command",
    [
        "dotnet publish --no-restore",
        "dotnet --info",
        "dotnet dev-certs https",
        "dotnet nuget locals all --clear",
    ],
)
def test_other_commands_install_nothing(command):
    assert ask(DOTNET, command, ALL) is None


def test_tools():
    assert is_tool(DOTNET, "dotnet tool install -g dotnet-ef", {"A/A.csproj": project()})
    chosen = {"global.json": "{}", **ALL}
    assert listed(DOTNET, "dotnet tool install -g dotnet-ef", chosen) == [
        "nuget.config",
        "global.json",
    ]
    files = {".config/dotnet-tools.json": "{}", **ALL}
    assert listed(DOTNET, "dotnet tool restore", files) == [
        ".config/dotnet-tools.json",
        "nuget.config",
    ]
    assert reason(DOTNET, "dotnet tool install dotnet-ef", ALL)
    assert reason(DOTNET, "dotnet tool restore", ALL)


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("A/A.csproj", refers("..\\**\\*.csproj"), "not followed"),
        ("A/A.csproj", refers("$(Where)\\x.csproj"), "not followed"),
        ("A/A.csproj", project('<Version>$([System.IO.File]::ReadAllText("v"))</Version>').replace('"v"', "'v'"), "reads other"),
        ("A/A.csproj", "<Project", "XML"),
        ("A/A.csproj", "<!DOCTYPE a>" + project(), "document type"),
        ("Directory.Build.rsp", "@other.rsp", "other files"),
        ("nuget.config", ALL["nuget.config"].replace("https://x/v3", "./packages"), "folder"),
        ("nuget.config", '<configuration><add key="globalPackagesFolder" value="p" /></configuration>', "folder"),
        ("Two.sln", SLN, "not the only one"),
    ],
)  # fmt: skip
def test_what_cannot_be_listed_needs_the_source(path, text, why):
    assert why in reason(DOTNET, "dotnet restore", {**ALL, path: text})


def test_files_of_the_sdk_and_of_all_folders_above_may_be_imported():
    above = "<Project><Import Project=\"$([MSBuild]::GetPathOfFileAbove('Directory.Build.props', '$(MSBuildThisFileDirectory)../'))\" /></Project>"
    files = {**ALL, "A/Directory.Build.props": above}
    assert {"A/Directory.Build.props", "Directory.Build.props"} <= set(
        listed(DOTNET, "dotnet restore", files)
    )
    files = {**ALL, "B/B.csproj": project('<Import Project="$(MSBuildToolsPath)\\x.targets" />')}
    assert listed(DOTNET, "dotnet restore", files)


def test_missing_projects_need_the_source():
    assert "does not come" in reason(DOTNET, "dotnet restore", {})
    assert reason(DOTNET, "dotnet restore -s ./packages", ALL)
    many = {f"P{n}/P.csproj": refers(f"../P{n + 1}/P.csproj") for n in range(200)}
    assert "more than" in reason(DOTNET, "dotnet restore P0/P.csproj", many)

import os
import subprocess
import time

import pytest

from bot.terminal.disk import DiskError, often_changed, read_folder
from rules.model.cache import Change, rerun


def write(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.fixture
def project(tmp_path):
    write(tmp_path, {
        "Dockerfile": "FROM a\nCOPY . /x\n",
        ".dockerignore": "node_modules\n*.md\n",
        "src/a.py": "12345",
        "README.md": "",
        "node_modules/m/index.js": "",
    })  # fmt: skip
    return tmp_path


def git(folder, *arguments):
    names = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *names, "-C", folder, *arguments], check=True, capture_output=True)


def test_everything_on_disk_is_sent_but_what_is_ignored(project):
    assert read_folder(project).context().files == (".dockerignore", "Dockerfile", "src/a.py")


def test_what_an_ignored_folder_brings_back_is_found(project):
    write(project, {".dockerignore": "node_modules\n!node_modules/m/index.js\n"})
    assert "node_modules/m/index.js" in read_folder(project).context().files


def test_sizes_are_bytes_and_links_are_not_followed(project):
    (project / "link").symlink_to("src/a.py")
    (project / "folder").symlink_to("src")
    folder = read_folder(project)
    sizes = folder.sizes(folder.context().files)
    assert sizes["src/a.py"] == 5
    assert sizes["link"] == len("src/a.py")
    assert "folder" in sizes
    assert "folder/a.py" not in sizes


def test_an_ignore_file_that_is_a_link_is_followed(project):
    (project / ".dockerignore").rename(project / ".gitignore")
    (project / ".dockerignore").symlink_to(".gitignore")
    sent = read_folder(project).context().files
    assert sent == (".dockerignore", ".gitignore", "Dockerfile", "src/a.py")


def test_a_copied_link_is_followed_by_the_model(project):
    (project / "link").symlink_to("src/a.py")
    write(project, {"Dockerfile": "FROM a\nCOPY link /x\n"})
    steps = rerun(read_folder(project).build(), Change(edits=frozenset({"src/a.py"})))
    assert [step.status for step in steps] == ["none", "rerun"]


@pytest.mark.parametrize("name", ["Dockerfile", "dockerfile", "Containerfile"])
def test_the_dockerfile_of_the_folder_is_found(tmp_path, name):
    write(tmp_path, {name: "FROM a\n"})
    assert read_folder(tmp_path).dockerfile == name


def test_a_dockerfile_outside_the_context_brings_its_own_ignore_file(tmp_path):
    write(tmp_path, {
        "docker/web.Dockerfile": "FROM a\nCOPY . /x\n",
        "docker/web.Dockerfile.dockerignore": "b\n",
        "app/a": "", "app/b": "", "app/.dockerignore": "a\n",
    })  # fmt: skip
    build = read_folder(tmp_path / "app", tmp_path / "docker/web.Dockerfile").build()
    assert build.path == "docker/web.Dockerfile"
    assert build.context.root == "app"
    assert build.context.files == (".dockerignore", "a")


def test_a_context_above_the_dockerfile_has_its_folder(project):
    write(project, {"docker/Dockerfile": "FROM a\nCOPY . /x\n"})
    build = read_folder(project, project / "docker/Dockerfile").build()
    assert "docker/Dockerfile" in build.context.files
    assert build.context.ignore.path == ".dockerignore"


def test_a_git_context_has_what_git_tracks_and_no_ignore_file_applies(project):
    git(project, "init", "-q")
    git(project, "add", "Dockerfile", "README.md", "src")
    (project / "src/a.py").unlink()
    context = read_folder(project, kind="git").context()
    assert context.files == ("Dockerfile", "README.md")


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (
            lambda folder: (folder / "Dockerfile").unlink(),
            "no Dockerfile here; name one with --file",
        ),
        (lambda folder: write(folder, {"Dockerfile": "FROM a\nFOO\n"}), "Dockerfile:2: "),
        (lambda folder: write(folder, {".dockerignore": "a\n[\n"}), ".dockerignore:2: "),
        (lambda folder: (folder / "Dockerfile").write_text("FROM a\n" * 9999), "too large"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(project, prepare, message):
    prepare(project)
    with pytest.raises(DiskError, match=message.replace(".", r"\.")) as error:
        read_folder(project).build()
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DiskError, match="nowhere: no such folder"):
        read_folder(tmp_path / "nowhere")


def test_no_clone_has_no_tracked_files(project):
    with pytest.raises(DiskError, match="is it a clone"):
        read_folder(project, kind="git")


def test_names_that_are_no_utf_8_are_kept(project):
    name = os.fsdecode(b"caf\xe9")
    (project / name).touch()
    assert name in read_folder(project).context().files


def test_commits_are_counted_for_files_and_folders(project):
    git(project, "init", "-q")
    for text in ("1", "2", "3"):
        write(project, {"src/a.py": text, "src/deep/b.py": "same", "gone": text})
        git(project, "add", "-A")
        git(project, "commit", "-q", "-m", text)
    assert often_changed(project, ["src/a.py", "src/deep/b.py"]) == (
        {"src/a.py": 3, "src/": 3, "src/deep/b.py": 1, "src/deep/": 1},
        3,
    )
    assert often_changed(project / "src", ["a.py"])[0] == {"a.py": 3}


def test_without_git_nothing_is_counted(project):
    assert often_changed(project, ["src/a.py"]) == ({}, 0)


def test_twenty_thousand_files_take_a_third_of_a_second(tmp_path):
    write(tmp_path, {"Dockerfile": "FROM a AS b\nCOPY . /x\nFROM a\nCOPY --from=b /x/d1 /y\n"})
    for folder in range(200):
        (tmp_path / f"d{folder}").mkdir()
        for file in range(100):
            (tmp_path / f"d{folder}" / f"f{file}").touch()
    start = time.process_time()
    steps = rerun(read_folder(tmp_path).build(), Change(edits=frozenset({"d1/f1"})))
    assert time.process_time() - start < 0.3
    assert [step.status for step in steps] == ["none", "rerun", "none", "rerun"]


def test_too_many_files_are_said_to_be_too_many(project, monkeypatch):
    monkeypatch.setattr("bot.terminal.disk.MAX_FILES", 2)
    with pytest.raises(DiskError, match="too large: more than 2 files"):
        read_folder(project).context()


def test_a_dockerfile_that_is_a_folder_is_said_to_be_one(project):
    with pytest.raises(DiskError, match="src: Is a directory"):
        read_folder(project, project / "src")

import pytest

from rules.model.installs import system
from tests.rules.model.installs.image import ask, is_tool, reason


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        (system.APT, "apt-get install -y -o Dpkg::Options::=--force-confold curl=7.* vim/bookworm-backports"),
        (system.APT, "apt-get -qq update"),
        (system.APK, "apk add --no-cache --virtual .deps gcc so:libx.so.1"),
        (system.DNF, "dnf -y --setopt=install_weak_deps=False install @development /usr/bin/make"),
        (system.DNF, "dnf install https://example.org/a.rpm"),
        (system.YUM, "yum -y install epel-release"),
        (system.MICRODNF, "microdnf install -y --nodocs tar"),
        (system.ZYPPER, "zypper --non-interactive in -t pattern devel"),
    ],
)  # fmt: skip
def test_packages_by_name_read_nothing_of_the_project(manager, command):
    assert is_tool(manager, command, {})


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        (system.APT, "apt-get install ./x.deb"),
        (system.APT, "apt install x.deb"),
        (system.APT, "apt-get -c apt.conf update"),
        (system.APT, "apt-get -o Dir::Etc=x update"),
        (system.APK, "apk add --allow-untrusted x.apk"),
        (system.APK, "apk add --root /x y"),
        (system.DNF, "dnf install /app/x.rpm"),
        (system.DNF, "dnf --setopt=reposdir=/app install x"),
        (system.ZYPPER, "zypper --root /x in y"),
    ],
)
def test_files_and_settings_of_the_project_need_it(manager, command):
    assert reason(manager, command, {})


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        (system.APT, "apt-get clean"),
        (system.APK, "apk info"),
        (system.DNF, "dnf clean all"),
        (system.APT, "apt-get source x"),
    ],
)
def test_other_commands_install_nothing(manager, command):
    assert ask(manager, command, {}) is None


def test_their_caches_are_used_by_one_at_a_time():
    managers = (system.APT, system.APK, system.DNF, system.YUM, system.MICRODNF, system.ZYPPER)
    assert all(
        cache.locked and cache.folder.startswith("/") for m in managers for cache in m.caches
    )

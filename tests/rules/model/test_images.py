import pytest

from rules.model.images import read_image


@pytest.mark.parametrize(
    ("reference", "name", "tag", "user", "folder"),
    [
        ("python", "python", None, "root", "/"),
        ("python:3.12@sha256:abc", "python", "3.12", "root", "/"),
        ("docker.io/library/golang:1", "golang", "1", "root", "/go"),
        ("docker.io/oven/bun:1", "oven/bun", "1", "root", "/home/bun/app"),
        ("localhost:5000/python", "localhost:5000/python", None, None, None),
        ("python:$V", "python", "$V", "root", "/"),
        ("php:$V", "php", "$V", "root", None),
        ("$R/python", "$R/python", None, None, None),
        ("elasticsearch:8", "elasticsearch", "8", "1000:0", "/usr/share/elasticsearch"),
        ("mcr.microsoft.com/dotnet/sdk:8.0", "mcr.microsoft.com/dotnet/sdk", "8.0", "root", "/"),
        ("mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled", "mcr.microsoft.com/dotnet/aspnet",
         "8.0-noble-chiseled", None, "/"),
        ("gcr.io/distroless/cc:$T", "gcr.io/distroless/cc", "$T", None, None),
    ],
)  # fmt: skip
def test_a_base_image_is_known_by_its_name(reference, name, tag, user, folder):
    image = read_image(reference)
    assert (image.name, image.tag, image.user, image.folder) == (name, tag, user, folder)

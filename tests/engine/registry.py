"""A package registry on loopback that counts what is asked of it: pip's, npm's and Debian's.

Its packages are made here and hold one file each, so that what a build downloads again is counted
exactly: `with registry() as server: ...; server.downloads`.
"""

import base64
import hashlib
import http.server
import io
import json
import subprocess
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

VERSION = "1.0.0"
_FOREVER = {"Cache-Control": "max-age=365000000, immutable, public"}


@dataclass(slots=True)
class Registry:
    """Its address, and the names of the packages that were downloaded, in order."""

    address: str
    downloads: list[str] = field(default_factory=list)


@contextmanager
def registry(names: Sequence[str]) -> Iterator[Registry]:
    """Serve packages of these names; tools are pointed at it by `variables`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    found = Registry(f"http://127.0.0.1:{server.server_address[1]}")
    server.registry = found  # type: ignore[attr-defined]
    server.pages = _pages(names, found.address)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(whole=False)

    def do_GET(self) -> None:
        self.answer(whole=True)

    def answer(self, *, whole: bool) -> None:
        path = self.path.partition("?")[0].replace("/./", "/")
        body = self.server.pages.get(path)  # type: ignore[attr-defined]
        if body is None:
            self.send_error(404)
            return
        package = path.endswith((".whl", ".tgz", ".deb"))
        if package and whole:
            name = path.rpartition("/")[2].partition("-")[0].partition("_")[0]
            self.server.registry.downloads.append(name)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "text/html" if path.endswith("/") else "application/json")
        for key, value in (_FOREVER if package else {}).items():
            self.send_header(key, value)
        self.end_headers()
        if whole:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _pages(names: Sequence[str], address: str) -> Mapping[str, bytes]:
    pages: dict[str, bytes] = {}
    index = []
    for name in names:
        wheel, tarball, archive = _wheel(name), _tarball(name), _deb(name)
        file = f"{name}-{VERSION}-py3-none-any.whl"
        digest = hashlib.sha256(wheel).hexdigest()
        link = f'<a href="/files/{file}#sha256={digest}">{file}</a>'
        pages[f"/simple/{name}/"] = link.encode()
        pages[f"/files/{file}"] = wheel
        pages[f"/{name}"] = json.dumps(_packument(name, tarball, address)).encode()
        pages[f"/{name}/-/{name}-{VERSION}.tgz"] = tarball
        pages[f"/debian/{name}_{VERSION}_all.deb"] = archive
        index.append(_paragraph(name, archive))
    pages["/debian/Packages"] = "\n".join(index).encode()
    return pages


def _wheel(name: str) -> bytes:
    data = io.BytesIO()
    info = f"{name}-{VERSION}.dist-info"
    with zipfile.ZipFile(data, "w") as archive:
        for path, text in {
            f"{name}.py": "",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
        }.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return data.getvalue()


def _tarball(name: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path, text in {
            "package/package.json": json.dumps({"name": name, "version": VERSION}),
            "package/index.js": "",
        }.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return data.getvalue()


def _packument(name: str, tarball: bytes, address: str) -> dict[str, object]:
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    dist = {"tarball": f"{address}/{name}/-/{name}-{VERSION}.tgz", "integrity": integrity}
    dist["shasum"] = hashlib.sha1(tarball).hexdigest()
    version = {"name": name, "version": VERSION, "dist": dist}
    return {
        "name": name,
        "dist-tags": {"latest": VERSION},
        "versions": {VERSION: version},
        "time": {VERSION: "2020-01-01T00:00:00.000Z"},  # some tools take no package of today
    }


def _deb(name: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="layerwise-deb-") as place:
        root = Path(place, "root")
        (root / "DEBIAN").mkdir(parents=True)
        (root / "opt").mkdir()
        (root / "opt" / name).write_text(name)
        (root / "DEBIAN/control").write_text(_control(name))
        target = Path(place, "x.deb")
        command = ["dpkg-deb", "--root-owner-group", "--build", str(root), str(target)]
        subprocess.run(command, check=True, capture_output=True)
        return target.read_bytes()


def _control(name: str) -> str:
    return (
        f"Package: {name}\nVersion: {VERSION}\nArchitecture: all\nMaintainer: a <a@b.example>\n"
        f"Description: {name}\n"
    )


def _paragraph(name: str, archive: bytes) -> str:
    return (
        f"{_control(name)}Filename: ./{name}_{VERSION}_all.deb\nSize: {len(archive)}\n"
        f"SHA256: {hashlib.sha256(archive).hexdigest()}\n"
    )

"""The files of the page: what is sent, under which policy, and the libraries as their packages have
them.
"""

import hashlib
import json
import re
import warnings

import pytest

from serving.http.addresses import ENDPOINTS
from serving.http.routes import build_app
from serving.page.routes import DOCUMENTS, STATIC, is_page_path

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

CLIENT = TestClient(build_app())
SOURCES = sorted(path for path in STATIC.rglob("*") if path.is_file())
OWN = [path for path in SOURCES if "vendor" not in path.parts]


@pytest.mark.parametrize("path", [*DOCUMENTS, "/page/app/main.js", "/page/styles/base.css"])
def test_a_file_has_the_policy_and_is_asked_for_anew_each_time(path):
    got = CLIENT.get(path)
    policy = got.headers["content-security-policy"]
    assert got.status_code == 200
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert got.headers["cache-control"] == "no-cache"
    assert got.headers["content-encoding"] == "gzip"
    again = CLIENT.get(path, headers={"If-None-Match": got.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    ["/page/../routes.py", "/page/%2e%2e/routes.py", "/page/app", "/page/", "/page/app/no.js"],
)
def test_nothing_but_files_of_the_page_is_given(path):
    got = CLIENT.get(path)
    assert got.status_code == 404
    assert got.json()["errors"][0]["code"] == "unknown_path"


def test_files_are_read_only():
    assert CLIENT.post("/").status_code == 405
    assert CLIENT.post("/page/app/main.js").status_code == 405


def test_the_page_needs_no_key_and_the_service_does():
    assert all(map(is_page_path, DOCUMENTS))
    assert not any(map(is_page_path, ENDPOINTS.values()))


def test_libraries_are_those_of_their_packages():
    packages = json.loads((STATIC / "vendor" / "packages.json").read_text())
    told = {path: digest for one in packages for path, digest in one["files"].items()}
    found = {
        path.relative_to(STATIC / "vendor").as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in SOURCES
        if path.suffix == ".js" and "vendor" in path.parts
    }
    assert found == told


def test_every_folder_of_libraries_has_its_licence():
    for folder in {path.parent for path in SOURCES if path.parent.parent.name == "vendor"}:
        assert (folder / "LICENSE").exists(), folder


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_nothing_of_another_host_and_nothing_inline(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href|from|import|url)\s*[=(]?\s*["'(]?(https?:)?//""", text)
    if path.suffix == ".html":
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text)
    if path.suffix == ".js":
        assert not re.search(r"innerHTML|insertAdjacentHTML|unsafe(HTML|SVG)|\bstyle=", text)
        assert not re.search(r"setAttribute\(.style", text)


def test_modules_import_files_that_exist():
    for path in OWN:
        if path.suffix == ".js":
            for name in re.findall(r"""(?:from|import\()\s*["'](\.[^"']+)["']""", path.read_text()):
                assert (path.parent / name).resolve().is_file(), (path.name, name)

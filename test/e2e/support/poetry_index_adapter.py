"""Real Poetry against an index that serves the simple API only.

Every Poetry asks the default index for `/pypi/NAME/VERSION/json` when it locks and installs, and for JSON pages of the
simple API.  Some mirrors serve neither.  Loaded by `poetry_index_adapter.pth` in the site-packages of the Python that
runs Poetry, this answers both from whatever simple page the index has (PEP 691 JSON or PEP 503 HTML).  Tests only.
"""

import email
import html.parser
import importlib.abc
import importlib.machinery
import re
import sys
import urllib.parse

TARGET = "poetry.repositories.pypi_repository"
JSON = "application/vnd.pypi.simple.v1+json"


class Page(html.parser.HTMLParser):
    """The anchors of a PEP 503 page, as the `files` of PEP 691."""

    def __init__(self, base):
        super().__init__()
        self.base, self.files = base, []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag != "a" or not attributes.get("href"):
            return
        url, _, fragment = urllib.parse.urljoin(self.base, attributes["href"]).partition("#")
        algorithm, _, digest = fragment.partition("=")
        self.files.append({
            "filename": urllib.parse.unquote(url.rsplit("/", 1)[-1]),
            "url": url,
            "hashes": {algorithm: digest} if digest else {},
            "requires-python": attributes.get("data-requires-python"),
            "yanked": attributes["data-yanked"] or True if "data-yanked" in attributes else False,
        })


def fetch(repository, url, headers=None):
    """Poetry's own session raises where it is not told otherwise; that of 1.0 and 1.1 is a plain one."""
    try:
        return repository.session.get(url, headers=headers, raise_for_status=False)
    except TypeError:
        return repository.session.get(url, headers=headers)


def files_of(repository, name):
    base = getattr(repository, "_base_url", None) or repository._url
    response = fetch(repository, f"{base}simple/{name}/", {"Accept": JSON + ", text/html;q=0.5"})
    if response.status_code != 200:
        return None
    if "json" in response.headers.get("content-type", ""):
        return response.json()["files"]
    page = Page(response.url)
    page.feed(response.text)
    return page.files


def version_in(name, filename):
    if filename.endswith(".whl"):
        return filename.split("-")[1]
    stem = re.sub(r"[-_.]+", "[-_.]+", name)
    found = re.match(stem + r"-(.+?)(\.tar\.gz|\.tar\.bz2|\.zip|\.tgz|\.tar\.xz)$", filename, re.I)
    return found.group(1) if found else None


def parsed(version):
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version)
    except (InvalidVersion, TypeError):
        return None


class Release(dict):
    """A release's JSON; `info` is read from the wheel's own metadata (PEP 658) when it is asked for."""

    def __init__(self, repository, name, version, files):
        super().__init__()
        self.repository, self.name, self.version = repository, name, version
        self["urls"] = [
            {
                "filename": file["filename"],
                "packagetype": "bdist_wheel" if file["filename"].endswith(".whl") else "sdist",
                "url": file["url"],
                "digests": file["hashes"],
                "size": file.get("size"),
                "upload_time_iso_8601": file.get("upload-time"),
                "requires_python": file.get("requires-python"),
                "yanked": bool(file.get("yanked")),
                "yanked_reason": file["yanked"] if isinstance(file.get("yanked"), str) else None,
            }
            for file in files
        ]

    def __missing__(self, key):
        if key != "info":
            raise KeyError(key)
        first = self["urls"][0]
        info = {"name": self.name, "version": self.version, "summary": "", "requires_dist": None,
                "requires_python": first["requires_python"], "yanked": first["yanked"]}
        wheels = [url for url in self["urls"] if url["filename"].endswith(".whl")]
        if wheels:
            response = fetch(self.repository, wheels[0]["url"] + ".metadata")
            if response.status_code == 200:
                message = email.message_from_string(response.text)
                info.update(name=message["Name"], version=message["Version"], summary=message["Summary"] or "",
                            requires_dist=message.get_all("Requires-Dist") or [],
                            requires_python=message["Requires-Python"])
        self["info"] = info
        return info


def patch(module):
    original = module.PyPiRepository._get

    def get(self, endpoint, headers=None, **rest):
        release = re.fullmatch(r"pypi/([^/]+)/([^/]+)/json", endpoint)
        if release:
            name, version = release.groups()
            files = [file for file in files_of(self, name) or () if parsed(version_in(name, file["filename"])) == parsed(version)]
            return Release(self, name, version, files) if files else None
        page = re.fullmatch(r"simple/([^/]+)/", endpoint)
        if page:
            files = files_of(self, page.group(1))
            versions = sorted({version_in(page.group(1), file["filename"]) for file in files or ()} - {None})
            return None if files is None else {"name": page.group(1), "files": files, "versions": versions, "meta": {"api-version": "1.0"}}
        return original(self, endpoint, **({"headers": headers} if headers else {}), **rest)

    module.PyPiRepository._get = get


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != TARGET:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            patch(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())

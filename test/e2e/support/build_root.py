"""Builds the wheel of each project with a poetry-core, installs it with pypa/installer, and prints the trees as JSON.

stdin: {"core": FOLDER, "installer": FOLDER, "projects": [FOLDER], "prefix": PREFIX}
stdout: [{"files": {path: {"sha256", "executable", "text"?}}} | {"error": text}]
Paths are relative to the environment; `text` is there for the files of the .dist-info directory.
"""

import hashlib
import json
import os
import sys
import tempfile

request = json.load(sys.stdin)
sys.path.insert(0, request["core"])
sys.path.insert(0, request["installer"])

import installer  # noqa: E402
from installer.destinations import SchemeDictionaryDestination  # noqa: E402
from installer.sources import WheelFile  # noqa: E402
from poetry.core.masonry import api  # noqa: E402


def install(wheel, target):
    site = os.path.join(target, "lib", "python3.11", "site-packages")
    schemes = {
        "purelib": site,
        "platlib": site,
        "headers": os.path.join(target, "include"),
        "scripts": os.path.join(target, "bin"),
        "data": target,
    }
    destination = SchemeDictionaryDestination(
        schemes, interpreter=request["prefix"] + "/bin/python", script_kind="posix"
    )
    with WheelFile.open(wheel) as source:
        installer.install(source, destination, additional_metadata={"INSTALLER": b"bivy"})


def tree(top):
    found = {}
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                data = file.read()
            entry = {
                "sha256": hashlib.sha256(data).hexdigest(),
                "executable": bool(os.stat(path).st_mode & 0o100),
            }
            if ".dist-info" in directory:
                entry["text"] = data.decode()
            found[os.path.relpath(path, top)] = entry
    return found


def build(project):
    os.chdir(project)
    with tempfile.TemporaryDirectory() as folder:
        name = api.build_wheel(folder)
        target = os.path.join(folder, "environment")
        install(os.path.join(folder, name), target)
        return {"wheel": name, "files": tree(target)}


results = []
for project in request["projects"]:
    try:
        results.append(build(project))
    except Exception as error:  # what poetry-core refuses, bivy must refuse too
        results.append({"error": f"{type(error).__name__}: {error}"})
json.dump(results, sys.stdout)

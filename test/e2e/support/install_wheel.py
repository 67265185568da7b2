"""Installs wheels with the real pypa/installer as Poetry calls it, each on its own, and prints what came of them.

usage: install_wheel.py PYTHON PREFIX STAGING WHEEL...

Each wheel gets a folder below STAGING that stands for the image's root. Prints a JSON list, in the order of the wheels:
the error or nothing, and every file with its path in the image, whether anyone may execute it, and its SHA-256.
INSTALLER is `bivy`, since that is the one content that is told rather than decided.
"""

import hashlib
import json
import os
import shutil
import sys
import warnings
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile


def run(python, prefix, staging, wheel):
    library = f"{prefix}/lib/python{python}/site-packages"
    try:
        with WheelFile.open(wheel) as source:
            destination = SchemeDictionaryDestination(
                {
                    "purelib": library,
                    "platlib": library,
                    "scripts": f"{prefix}/bin",
                    "data": prefix,
                    "headers": f"{prefix}/include/site/python{python}/{source.distribution}",
                },
                interpreter=f"{prefix}/bin/python",
                script_kind="posix",
                destdir=staging,
                overwrite_existing=True,
            )
            install(source, destination, {"INSTALLER": b"bivy"})
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def tree(staging):
    files = []
    for directory, _, names in os.walk(staging):
        for name in names:
            path = os.path.join(directory, name)
            content = Path(path).read_bytes()
            files.append(
                {
                    "path": os.path.relpath(path, staging),
                    "executable": bool(os.stat(path).st_mode & 0o111),
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
            )
    return sorted(files, key=lambda file: file["path"])


def main(python, prefix, staging, *wheels):
    os.umask(0o022)
    warnings.simplefilter("ignore")
    answers = []
    for index, wheel in enumerate(wheels):
        root = os.path.join(staging, str(index))
        os.mkdir(root)
        error = run(python, prefix, root, wheel)
        answers.append({"error": error, "files": tree(root)})
        shutil.rmtree(root)
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

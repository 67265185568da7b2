"""Installs wheels with the real pypa/installer as Poetry calls it, and prints the tree that came of it.

usage: install_wheel.py PYTHON PREFIX STAGING WHEEL...

STAGING receives the files as if it were the image's root. Prints one JSON object: for each wheel its error or
nothing, then every file with its path in the image, whether anyone may execute it, and its SHA-256.
INSTALLER is `bivy`, since that is the one content that is told rather than decided.
"""

import hashlib
import json
import os
import sys
import warnings
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile


def run(python, prefix, staging, wheels):
    os.umask(0o022)
    warnings.simplefilter("ignore")
    outcomes = {}
    for wheel in wheels:
        try:
            with WheelFile.open(wheel) as source:
                library = f"{prefix}/lib/python{python}/site-packages"
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
            outcomes[Path(wheel).name] = None
        except Exception as error:
            outcomes[Path(wheel).name] = f"{type(error).__name__}: {error}"
    return outcomes


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


if __name__ == "__main__":
    python, prefix, staging, *wheels = sys.argv[1:]
    print(json.dumps({"outcomes": run(python, prefix, staging, wheels), "files": tree(staging)}, indent=1))

#!/bin/bash
# Stands in for the official Python images where no registry can be reached: a minimal Debian 12 with its own Python, under the
# names that generated Dockerfiles use. Root, debootstrap and a Docker engine; made once for each engine.
set -eu
docker=${DOCKER:-docker}
here=$(cd "$(dirname "$0")" && pwd)
names='python:3.11-slim-bookworm python:3.11-bookworm'
stamp=bivy-test/python-base:$(cat "$0" "$here"/poetry_index_adapter.* | sha256sum | cut -c1-16)
if ! $docker image inspect "$stamp" >/dev/null 2>&1; then
  cache=${BIVY_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bivy-test}
  work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
  tarball=$cache/${stamp##*:}.tar
  if [ ! -s "$tarball" ]; then
    mkdir -p "$cache"
    mirror=$(sed -nE 's/^URIs:[[:space:]]*//p; s/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p' /etc/apt/sources.list.d/* /etc/apt/sources.list 2>/dev/null | grep -v security | head -n 1)
    root=$work/root
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-distutils,netbase,tzdata bookworm "$root" "$mirror" >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; exit 1; }
    rm -f "$root/usr/lib/python3.11/EXTERNALLY-MANAGED"
    ln -sf python3 "$root/usr/bin/python"
    if [ -n "${SSL_CERT_FILE:-}" ]; then cp "$SSL_CERT_FILE" "$root/etc/ssl/certs/ca-certificates.crt"; fi
    # pip and setuptools as in the official image: `pip install` just works
    env -u PIP_CERT -u PIP_FIND_LINKS chroot "$root" python3 -m ensurepip --root / --default-pip >"$work/log" 2>&1 ||
      env -i PATH=/usr/sbin:/usr/bin chroot "$root" python3 - >"$work/log" 2>&1 <<'PY' || { tail -5 "$work/log" >&2; exit 1; }
import glob, runpy, sys
sys.path.insert(0, glob.glob("/usr/share/python-wheels/pip-*.whl")[0])
sys.argv = "pip install --root-user-action=ignore --no-cache-dir --no-index --find-links /usr/share/python-wheels pip setuptools".split()
runpy.run_module("pip", run_name="__main__")
PY
    # sitecustomize is imported in virtual environments too, where an isolated Poetry lives
    cp "$here"/poetry_index_adapter.py "$root/usr/lib/python3.11/"
    cp --remove-destination "$here"/poetry_index_adapter.pth "$root/usr/lib/python3.11/sitecustomize.py"
    (cd "$root" && rm -rf var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/* usr/share/{doc,man,locale,info}/* var/log/* tmp/*)
    tar -C "$root" --exclude='./dev/*' --exclude='./proc/*' -cf "$tarball.part" . && mv "$tarball.part" "$tarball"
  fi
  bundle=/etc/ssl/certs/ca-certificates.crt
  $docker import --change "ENV SSL_CERT_FILE=$bundle PIP_CERT=$bundle REQUESTS_CA_BUNDLE=$bundle PIP_DISABLE_PIP_VERSION_CHECK=1 LANG=C.UTF-8" \
    --change 'CMD ["python3"]' "$tarball" "$stamp" >/dev/null
fi
for name in $names; do $docker tag "$stamp" "$name"; done

#!/bin/bash
# Stands in for the official Python images where no registry can be reached: a minimal Debian 12 with its own Python, under the
# names that generated Dockerfiles use. Root, debootstrap and a Docker engine; made once for each engine.
#
# bases.sh [slim|full|all]: the full one has the compilers and headers that the official one has, and takes minutes.
set -eu
docker=${DOCKER:-docker}
here=$(cd "$(dirname "$0")" && pwd)
slim='python:3.11-slim-bookworm python:3.11.14-slim-bookworm'
full='python:3.11-bookworm python:3.11.14-bookworm'
# What buildpack-deps has, from which the official image is made.
headers='build-essential git curl wget gnupg file unzip xz-utils bzip2 patch autoconf automake libtool procps openssh-client mercurial
  subversion python3-dev pkg-config libffi-dev libssl-dev libpq-dev default-libmysqlclient-dev libsqlite3-dev libxml2-dev libxslt1-dev
  libjpeg-dev libpng-dev libwebp-dev libreadline-dev libbz2-dev liblzma-dev libcurl4-openssl-dev libyaml-dev zlib1g-dev libgdbm-dev
  libglib2.0-dev libgmp-dev libkrb5-dev libncurses-dev libevent-dev libmaxminddb-dev imagemagick libmagickcore-dev libmagickwand-dev'
# What takes minutes is made again when these words change; what tests put into it, when that does.
debian=bivy-test/debian-python:$(echo "bookworm 1" | sha256sum | cut -c1-16)
fat=bivy-test/debian-python:$(echo "bookworm 1 $headers" | sha256sum | cut -c1-16)-full
cache=${BIVY_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bivy-test}
bundle=/etc/ssl/certs/ca-certificates.crt
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

make_slim() { # tarball
  mirror=$(sed -nE 's/^URIs:[[:space:]]*//p; s/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p' /etc/apt/sources.list.d/* /etc/apt/sources.list 2>/dev/null | grep -v security | head -n 1)
  root=$work/root
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-distutils,netbase,tzdata bookworm "$root" "$mirror" >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; exit 1; }
  rm -f "$root/usr/lib/python3.11/EXTERNALLY-MANAGED"
  ln -sf python3 "$root/usr/bin/python"
  if [ -n "${SSL_CERT_FILE:-}" ]; then cp "$SSL_CERT_FILE" "$root$bundle"; fi
  # apt of a container reaches the mirror as this machine does
  if [ -d /etc/apt/apt.conf.d ]; then grep -lE '^ *Acquire' /etc/apt/apt.conf.d/* 2>/dev/null | xargs -r cp -t "$root/etc/apt/apt.conf.d/"; fi
  # pip and setuptools as in the official image: `pip install` just works
  env -u PIP_CERT -u PIP_FIND_LINKS chroot "$root" python3 -m ensurepip --root / --default-pip >"$work/log" 2>&1 ||
    env -i PATH=/usr/sbin:/usr/bin chroot "$root" python3 - >"$work/log" 2>&1 <<'PY' || { tail -5 "$work/log" >&2; exit 1; }
import glob, runpy, sys
sys.path.insert(0, glob.glob("/usr/share/python-wheels/pip-*.whl")[0])
sys.argv = "pip install --root-user-action=ignore --no-cache-dir --no-index --find-links /usr/share/python-wheels pip setuptools".split()
runpy.run_module("pip", run_name="__main__")
PY
  (cd "$root" && rm -rf var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/* usr/share/{doc,man,locale,info}/* var/log/* tmp/*)
  mkdir -p "$root/var/log/apt" "$root/var/cache/apt/archives/partial"
  tar -C "$root" --exclude='./dev/*' --exclude='./proc/*' -cf "$1.part" . && mv "$1.part" "$1"
}

# The adapter, under each name. sitecustomize is imported in virtual environments too, where an isolated Poetry lives.
finish() { # image names…
  from=$1; shift
  mkdir -p "$work/finish"
  cp "$here"/poetry_index_adapter.py "$here"/poetry_index_adapter.pth "$work/finish/"
  printf 'FROM %s\nCOPY poetry_index_adapter.py /usr/lib/python3.11/\nCOPY poetry_index_adapter.pth /usr/lib/python3.11/sitecustomize.py\n' "$from" >"$work/finish/Dockerfile"
  DOCKER_BUILDKIT=1 $docker build -q $(printf -- '-t %s ' "$@") "$work/finish" >/dev/null
}

if ! $docker image inspect "$debian" >/dev/null 2>&1; then
  tarball=$cache/${debian##*:}.tar
  mkdir -p "$cache"
  [ -s "$tarball" ] || make_slim "$tarball"
  $docker import --change "ENV SSL_CERT_FILE=$bundle PIP_CERT=$bundle REQUESTS_CA_BUNDLE=$bundle PIP_DISABLE_PIP_VERSION_CHECK=1 LANG=C.UTF-8" \
    --change 'CMD ["python3"]' "$tarball" "$debian" >/dev/null
fi
finish "$debian" $slim
if [ "${1:-slim}" = slim ]; then exit 0; fi

if ! $docker image inspect "$fat" >/dev/null 2>&1; then
  mkdir "$work/full"
  printf 'FROM %s\nRUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends %s && rm -rf /var/lib/apt/lists/*\n' \
    "$debian" "$(echo $headers)" >"$work/full/Dockerfile"
  DOCKER_BUILDKIT=1 $docker build --network host -q -t "$fat" "$work/full" >/dev/null
fi
finish "$fat" $full

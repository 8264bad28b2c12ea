#!/usr/bin/env bash
# Builds the Dockerfile where there is no registry and no Docker: by buildah, on a debian:bookworm-slim that
# mmdebstrap makes of Debian's packages. What it makes stays in build/container; the image, as a file that `docker
# load` and `podman load` read, is build/container/recurd.tar. Needs root. A newer Debian: remove build/container before.
#
# usage: deploy/container.sh
# environment: DEBIAN_MIRROR    where Debian comes from; without it, mmdebstrap's own default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == --help ]]; then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0; fi
if (($# > 0)); then echo "container.sh: takes no arguments but --help" >&2; exit 2; fi
if ((EUID != 0)); then echo "container.sh: buildah and mmdebstrap need root here" >&2; exit 1; fi

deploy/install-deps.sh container
work=$PWD/build/container
mkdir -p "$work/ccache"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"
buildah() { command buildah --storage-driver=vfs --root="$work/store" --runroot="$work/run" "$@"; }
policy=(--signature-policy="$work/policy.json")

# As Debian's own slim image: without documentation and translations, also of what is installed in it later.
base=docker.io/library/debian:bookworm-slim
if [[ -z $(buildah images --quiet "$base" 2>/dev/null) ]]; then
  echo "== base image"
  slim=()
  for folder in doc groff info linda lintian locale man; do slim+=("--dpkgopt=path-exclude=/usr/share/$folder/*"); done
  mmdebstrap --quiet --mode=root --variant=minbase "${slim[@]}" --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    bookworm "$work/base.tar" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/base.tar" /
  buildah config --cmd /bin/bash "$container"
  buildah commit --quiet --rm "${policy[@]}" "$container" "$base"
  rm "$work/base.tar"
fi

echo "== image"
home=/root
buildah build --isolation=chroot --pull-never --format=docker "${policy[@]}" \
  --volume="$work/ccache:$home/.cache/ccache" --tag=localhost/recurd:latest .
rm -f "$work/recurd.tar"
buildah push --quiet "${policy[@]}" localhost/recurd:latest "docker-archive:$work/recurd.tar:recurd:latest"
buildah rmi --prune >/dev/null || true
echo "== $work/recurd.tar"
buildah images --format='{{.Name}} {{.Size}}' | sort

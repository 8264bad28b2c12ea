#!/usr/bin/env bash
# Installs the clients of package-lock.json beside the build and runs interop.mjs with them.
#
# usage: run.sh SOURCE WORK RECURD        exits with 77 (skipped) where npm or its registry can't be had
set -euo pipefail
source=$1 work=$2 recurd=$3

command -v npm >/dev/null || { echo "run.sh: skipped, npm is missing: deploy/install-deps.sh test" >&2; exit 77; }
mkdir -p "$work"
cp "$source"/tests/integration/interop/{package.json,package-lock.json,.npmrc,interop.mjs} "$work"
cd "$work"
if ! cmp --silent package-lock.json node_modules/.installed; then
  # Not npm ci, which wants every platform's binary of buf in the lock.
  npm install --no-save --no-progress --ignore-scripts ||
    { echo "run.sh: skipped, npm could not install the clients" >&2; exit 77; }
  cp package-lock.json node_modules/.installed
fi
node interop.mjs "$recurd" "$source/deploy/models" "$source/proto"

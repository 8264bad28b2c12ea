#!/usr/bin/env bash
# Makes what an aarch64 build links with: Debian 12's arm64 packages, unpacked (unpack.sh). One that is there stays.
# Installs what it needs here.
#
# usage: deploy/aarch64/mksysroot.sh [OUT]    OUT: build/aarch64-sysroot
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${1:-} == --help ]]; then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0; fi

"$here/../install-deps.sh" aarch64
# The libraries of the build here; gRPC's CMake files ask for its plugin too, though the one that runs is the machine's.
packages=$("$here/../install-deps.sh" --print build test | grep -E -- '-dev$|^protobuf-compiler-grpc$' |
  sort | paste --serial --delimiters=,),libstdc++-12-dev
"$here/unpack.sh" "${1:-$here/../../build/aarch64-sysroot}" "$packages"

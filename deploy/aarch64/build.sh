#!/usr/bin/env bash
# Builds recurd, recurctl, the client library and the tests for a Versal's Arm cores, on this machine. The first time it
# unpacks the sysroot. Leaves build/aarch64/bin/recurd and recurctl; tests/run.sh --label=aarch64 runs the tests.
#
# usage: deploy/aarch64/build.sh [TARGET...]    only these targets of the build; without: all
#        deploy/aarch64/build.sh --packages     Debian packages for arm64: build/package-aarch64/*.deb
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in
  --help) sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  --packages)
    deploy/install-deps.sh build deb aarch64
    deploy/aarch64/mksysroot.sh
    rm -f build/package-aarch64/*.deb
    cmake --workflow --preset package-aarch64
    ;;
  *)
    deploy/install-deps.sh build test aarch64
    deploy/aarch64/mksysroot.sh
    cmake --preset aarch64
    cmake --build --preset aarch64 --target "${@:-all}"
    ;;
esac

#!/usr/bin/env bash
# `cmake --install` of a build: for a package's root by DESTDIR and the prefix /usr, and for a folder anywhere, out of
# which the daemon serves by its installed flags and a program of somebody else's is built and streams to it.
#
# usage: install_test.sh BUILD [CXX_FLAGS]
set -euo pipefail
build=$1 flags=${2:-}
consumer=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/consumer
work=$(mktemp -d)
daemon=''
cleanup() {
  if [[ -n $daemon ]]; then kill -KILL "$daemon" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
die() { echo "install_test.sh: $*" >&2; exit 1; }
has() { grep -qF -- "$2" "$1" || die "$1 doesn't say $2"; }

DESTDIR=$work/root cmake --install "$build" --prefix /usr >/dev/null
libdir=$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$build/CMakeCache.txt")
for file in etc/recurd/recurd.flags usr/bin/recurd usr/bin/recurctl usr/lib/systemd/system/recurd{,@}.{service,socket} \
  usr/lib/systemd/system/recurd-{metrics,admin}.socket usr/lib/{sysusers,tmpfiles}.d/recurd.conf \
  usr/share/doc/recurd/NOTICE usr/share/man/man8/recurd.8 usr/share/man/man1/recurctl.1 \
  usr/share/recurd/{grafana/recurd.json,prometheus/recurd.alerts.yml,proto/recurd/v1/recurd.proto} \
  usr/include/recurd/{client,durable_session,errors,session}.h "usr/$libdir/librecurd.a" \
  "usr/$libdir/cmake/recurd/recurd-config.cmake" "usr/$libdir/pkgconfig/recurd.pc" \
  var/lib/recurd/models/digits/1/model.onnx; do
  [[ -s $work/root/$file ]] || die "not installed: $file"
done
has "$work/root/usr/lib/systemd/system/recurd.service" "ExecStart=/usr/bin/recurd --flagfile=/etc/recurd/recurd.flags"
others=$(find "$work/root" -mindepth 1 -maxdepth 1 ! -name etc ! -name usr ! -name var)
[[ -z $others ]] || die "outside of etc, usr and var: $others"
if grep -rnE '#include.*(server/|hw/|grpcpp)' "$work/root/usr/include"; then
  die "a header includes what isn't installed"
fi

prefix=$work/elsewhere
cmake --install "$build" --prefix "$prefix" >/dev/null
has "$prefix/lib/systemd/system/recurd@.service" \
  "ExecStart=$prefix/bin/recurd --flagfile=$prefix/etc/recurd/recurd.flags"
"$prefix/bin/recurd" --flagfile="$prefix/etc/recurd/recurd.flags" --listen="unix:$work/socket" --metrics_listen=off &
daemon=$!
cmake -G Ninja -S "$consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_FLAGS="$flags" >/dev/null
cmake --build "$work/build"
"$work/build/consumer" "unix:$work/socket"
"$prefix/bin/recurctl" health --server="unix:$work/socket"
kill "$daemon"
wait "$daemon" || die "the daemon ended with $?"
daemon=''

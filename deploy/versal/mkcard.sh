#!/usr/bin/env bash
# Writes an SD card's image: a Debian with systemd (mkrootfs.sh), and recurd as `cmake --install` lays it out, with its
# sockets open to the board's network, and enabled as `systemctl enable` would. Takes root.
#
# usage: deploy/versal/mkcard.sh BUILD OUT    BUILD: a built folder, for aarch64
set -euo pipefail
if (($# != 2)); then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0" >&2; exit 2; fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 out=$2
rootfs=$here/../../build/versal/rootfs
"$here/mkrootfs.sh" "$rootfs"

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
cp -a "$rootfs/." "$tree"
DESTDIR=$tree cmake --install "$build" --prefix /usr --strip --component recurd >/dev/null

units=$tree/etc/systemd/system
# listen UNIT ADDRESS: as `systemctl edit` would.
listen() {
  mkdir -p "$units/$1.d"
  printf '[Socket]\nListenStream=\nListenStream=%s\n' "$2" >"$units/$1.d/address.conf"
}
listen recurd.socket 0.0.0.0:8001
listen recurd-metrics.socket 0.0.0.0:8002
mkdir -p "$units"/{sockets,multi-user}.target.wants
for unit in recurd.socket recurd-metrics.socket recurd-admin.socket; do
  ln -s "/usr/lib/systemd/system/$unit" "$units/sockets.target.wants"
done
ln -s /usr/lib/systemd/system/recurd.service "$units/multi-user.target.wants"

# QEMU wants a card's size to be a power of two.
mke2fs -q -t ext4 -L root -d "$tree" "$out" 512M

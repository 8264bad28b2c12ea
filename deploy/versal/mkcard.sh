#!/usr/bin/env bash
# Writes an SD card's image: a Debian with systemd (mkrootfs.sh), and recurd's package installed there by the Debian's
# own dpkg, with all its sockets enabled and open to the board's network. The package stays there, in
# /var/cache/recurd.deb. Takes root.
#
# usage: deploy/versal/mkcard.sh DEB OUT    DEB: recurd's Debian package for arm64
set -euo pipefail
if (($# != 2)); then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0" >&2; exit 2; fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deb=$1 out=$2
rootfs=$here/../../build/versal/rootfs
"$here/mkrootfs.sh" "$rootfs"

tree=$(mktemp -d)
trap 'rm -rf --one-file-system "$tree"' EXIT
chmod 755 "$tree"
cp -a "$rootfs/." "$tree"
cp "$deb" "$tree/var/cache/recurd.deb"

# listen UNIT ADDRESS: as `systemctl edit` would.
listen() {
  mkdir -p "$tree/etc/systemd/system/$1.d"
  printf '[Socket]\nListenStream=\nListenStream=%s\n' "$2" >"$tree/etc/systemd/system/$1.d/address.conf"
}
listen recurd.socket 0.0.0.0:8001
listen recurd-metrics.socket 0.0.0.0:8002

# The package enables the other units itself.
echo "== installing recurd's package on the card"
"$here/own_binfmt.py" unshare --mount sh -ec '
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
  for kernel in dev proc; do mount --rbind "/$kernel" "$1/$kernel"; done
  chroot "$1" dpkg --install /var/cache/recurd.deb
  chroot "$1" systemctl --root=/ enable recurd-metrics.socket recurd-admin.socket' sh "$tree"

# QEMU wants a card's size to be a power of two.
mke2fs -q -t ext4 -L root -d "$tree" "$out" 512M

#!/usr/bin/env bash
# Installs a small Debian 12 for arm64 with systemd, and what recurd's package depends on, into a folder; the packages'
# own scripts run by qemu-user (own_binfmt.py). Takes root, and minutes; installs what it needs here. A folder that was
# made of the same packages is left alone.
#
# usage: deploy/versal/mkrootfs.sh OUT
# environment: DEBIAN_MIRROR    where from; without it, mmdebstrap's own default
set -euo pipefail
if (($# != 1)); then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0" >&2; exit 2; fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath -m "$1")
libraries=$("$here/../install-deps.sh" --print runtime | paste --serial --delimiters=,)
# passwd: in every Debian but one of the essential packages alone.
packages=systemd,systemd-sysv,passwd,$libraries
if [[ $(cat "$out/.packages" 2>/dev/null) == "$packages" ]]; then exit 0; fi
if [[ -e $out && ! -e $out/.packages && -n $(ls -A "$out") ]]; then
  echo "mkrootfs.sh: $out is there and wasn't made by this script: give another folder, or remove it" >&2
  exit 1
fi
if ((EUID != 0)); then
  echo "mkrootfs.sh: the packages' scripts have to run as root, and this is $(id -un)" >&2
  exit 1
fi

"$here/../install-deps.sh" aarch64
new=$out.new.$$
trap 'rm -rf "$new"' EXIT
mkdir -p "$(dirname "$out")"
echo "== installing a Debian for arm64 into $out (minutes)"
"$here/own_binfmt.py" mmdebstrap --quiet --skip=check/qemu,chroot/mount/sys --mode=root --variant=essential \
  --architectures=arm64 --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$new" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
echo "$packages" >"$new/.packages"
rm -rf "$out"
mv --no-target-directory "$new" "$out"

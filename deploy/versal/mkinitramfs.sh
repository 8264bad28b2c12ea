#!/usr/bin/env bash
# Packs what the emulated board starts from: busybox, the kernel's modules, the daemon of an aarch64 build with the
# libraries it needs, and the shipped models.
#
# usage: deploy/versal/mkinitramfs.sh DEBIAN SYSROOT BUILD OUT [FLAG...]
#   DEBIAN   unpacked arm64 packages of the kernel and busybox
#   SYSROOT  what BUILD was linked with
#   OUT      the packed file         FLAG  flags of the daemon, after those of deploy/recurd.flags
set -euo pipefail
if (($# < 4)); then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0" >&2; exit 2; fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
debian=$1 sysroot=$2 build=$3 out=$4
shift 4

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
libraries=$tree/usr/lib/aarch64-linux-gnu
mkdir -p "$tree"/{bin,dev,etc,lib/modules,mnt,models,proc,run,sys,tmp,usr/bin} "$libraries"

cp "$here/init" "$tree/init"
cp "$debian/bin/busybox" "$tree/bin"
cp "$here/../recurd.flags" "$tree/etc/recurd.flags"
if (($# > 0)); then printf '%s\n' "$@" >>"$tree/etc/recurd.flags"; fi
cp -r "$here"/../models/*/ "$tree/models"

# In the order to load them: network, SD card, the card's file system, and what systemd mounts on demand.
kernel=$(ls "$debian/lib/modules")
if [[ ! -e $debian/lib/modules/$kernel/modules.dep ]]; then /sbin/depmod --basedir "$debian" "$kernel"; fi
for module in macb sdhci_of_arasan mmc_block ext4 autofs4; do
  /sbin/modprobe --dirname="$debian" --set-version="$kernel" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  cp "$file" "$tree/lib/modules"
  basename "$file"
done >"$tree/lib/modules/order"

# Copies the libraries that $1 needs, and those that these need.
copy_libraries() {
  local name file
  for name in $(aarch64-linux-gnu-readelf --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    [[ ! -e $libraries/$name ]] || continue
    file=$(find -L "$sysroot"/{lib,usr/lib}{/aarch64-linux-gnu,} -maxdepth 1 -name "$name" -print -quit)
    if [[ -z $file ]]; then echo "mkinitramfs.sh: $1 needs $name, which is not in $sysroot" >&2; exit 1; fi
    cp --dereference "$file" "$libraries/$name"
    copy_libraries "$file"
  done
}
aarch64-linux-gnu-strip -o "$tree/usr/bin/recurd" "$build/bin/recurd"
copy_libraries "$build/bin/recurd"
cp --dereference "$sysroot/lib/ld-linux-aarch64.so.1" "$tree/lib"
ln -s ../usr/lib/aarch64-linux-gnu "$tree/lib/aarch64-linux-gnu"

(cd "$tree" && find . | cpio --create --format=newc --owner=0:0 --quiet | gzip -1) >"$out.new"
mv "$out.new" "$out"

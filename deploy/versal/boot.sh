#!/usr/bin/env bash
# Boots an emulated Versal (QEMU's xlnx-versal-virt: two Cortex-A72, no AI Engine, no PL) with Debian's kernel, serves
# the shipped models on it, and makes its serial port this terminal: a root shell. Ctrl-A X ends it, `poweroff -f` too.
#
# usage: deploy/versal/boot.sh [options] [-- FLAG...]    flags of the daemon
#   --port=8001 --metrics_port=8002    on 127.0.0.1 here, forwarded to the daemon's there
#   --systemd                          a Debian with systemd on the SD card, and recurd's package installed on it; takes
#                                      root, and the first time many minutes. FLAGs don't go there
# Installs, downloads and builds (deploy/aarch64/build.sh) what is missing. A build that is there is taken as it is.
# What is downloaded stays in build/versal.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
port=8001 metrics_port=8002 systemd=false
while (($# > 0)); do
  case $1 in
    --port=?*) port=${1#*=} ;;
    --metrics_port=?*) metrics_port=${1#*=} ;;
    --systemd) systemd=true ;;
    --help) sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    --) shift; break ;;
    *) echo "boot.sh: '$1' is not an option; --help lists them" >&2; exit 2 ;;
  esac
  shift
done
if $systemd && ((EUID != 0)); then
  echo "boot.sh: --systemd installs a Debian for arm64, which takes root, and this is $(id -un)" >&2
  exit 1
fi

deploy/install-deps.sh aarch64
if $systemd; then
  build=build/package-aarch64
  if ! compgen -G "$build/recurd_*.deb" >/dev/null; then deploy/aarch64/build.sh --packages; fi
else
  build=build/aarch64
  if [[ ! -x $build/bin/recurd ]]; then deploy/aarch64/build.sh recurd; fi
fi

# More than one may run at a time; but what all of them use is made by one of them.
mkdir -p build/versal
exec {lock}>build/versal/lock
if ! flock --nonblock "$lock"; then
  echo "== waiting for another boot.sh, which prepares"
  flock "$lock"
fi
# What killed runs left; the names end in their process ids.
for left in build/versal/{boot,debian.new,rootfs.new}.*; do
  if [[ ${left##*.} == "$$" || ! -e /proc/${left##*.} ]]; then rm -rf --one-file-system "$left"; fi
done
work=build/versal/boot.$$
emulator=''
trap 'if [[ -n $emulator ]]; then kill "$emulator" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
trap 'exit 143' TERM
mkdir "$work"
debian=build/versal/debian
deploy/aarch64/unpack.sh $debian linux-image-arm64,busybox-static
deploy/versal/mkinitramfs.sh $debian build/aarch64-sysroot $build "$work/initramfs" "$@"
if $systemd; then deploy/versal/mkcard.sh $build/recurd_*.deb "$work/card"; fi
exec {lock}>&-

kernel_line='console=ttyAMA0 quiet'
board=(-M xlnx-versal-virt -m 1G -display none -no-reboot -serial mon:stdio)
if $systemd; then
  kernel_line+=" card systemd.show_status=1 systemd.debug_shell=ttyAMA0 systemd.mask=serial-getty@ttyAMA0.service"
  board+=(-drive "if=sd,format=raw,file=$work/card")
fi
echo "== booting; gRPC on 127.0.0.1:$port, metrics on 127.0.0.1:$metrics_port once the daemon serves"
qemu-system-aarch64 "${board[@]}" -kernel $debian/boot/vmlinuz-* -initrd "$work/initramfs" -append "$kernel_line" \
  -nic "user,hostfwd=tcp:127.0.0.1:$port-:8001,hostfwd=tcp:127.0.0.1:$metrics_port-:8002" <&0 &
emulator=$!
wait "$emulator"

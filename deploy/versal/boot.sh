#!/usr/bin/env bash
# Boots an emulated Versal (QEMU's xlnx-versal-virt: two Cortex-A72, no AI Engine, no PL) with Debian's kernel, serves
# the shipped models on it, and makes its serial port this terminal: a root shell. Ctrl-A X ends it, `poweroff -f` too.
#
# usage: deploy/versal/boot.sh [options] [-- FLAG...]    flags of the daemon
#   --port=8001 --metrics_port=8002    on 127.0.0.1 here, forwarded to the daemon's there
#   --systemd                          a Debian with systemd on the SD card, and recurd installed on it; takes root, and
#                                      the first time minutes. FLAGs don't go there
# It runs the build of deploy/aarch64/build.sh. What it downloads and makes stays in build/versal.
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
if [[ ! -x build/aarch64/bin/recurd ]]; then
  echo "boot.sh: no build/aarch64/bin/recurd: run deploy/aarch64/build.sh" >&2
  exit 1
fi

debian=build/versal/debian
deploy/aarch64/unpack.sh $debian linux-image-arm64,busybox-static
# More than one may run at a time.
work=$(mktemp -d build/versal/boot.XXXXXX)
emulator=''
trap 'if [[ -n $emulator ]]; then kill "$emulator" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
trap 'exit 143' TERM
deploy/versal/mkinitramfs.sh $debian build/aarch64-sysroot build/aarch64 "$work/initramfs" "$@"

kernel_line='console=ttyAMA0 quiet'
board=(-M xlnx-versal-virt -m 1G -display none -no-reboot -serial mon:stdio)
if $systemd; then
  deploy/versal/mkcard.sh build/aarch64 "$work/card"
  kernel_line+=" card systemd.show_status=1 systemd.debug_shell=ttyAMA0 systemd.mask=serial-getty@ttyAMA0.service"
  board+=(-drive "if=sd,format=raw,file=$work/card")
fi
echo "== booting; gRPC on 127.0.0.1:$port, metrics on 127.0.0.1:$metrics_port once the daemon serves"
qemu-system-aarch64 "${board[@]}" -kernel $debian/boot/vmlinuz-* -initrd "$work/initramfs" -append "$kernel_line" \
  -nic "user,hostfwd=tcp:127.0.0.1:$port-:8001,hostfwd=tcp:127.0.0.1:$metrics_port-:8002" <&0 &
emulator=$!
wait "$emulator"

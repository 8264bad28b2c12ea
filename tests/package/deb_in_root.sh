#!/usr/bin/env bash
# Called by mmdebstrap with a bare Debian that is thrown away afterwards: installs the packages by apt, serves by
# them, builds somebody else's program with them, removes and purges them.
#
# usage: deb_in_root.sh ROOT DEBS
set -euo pipefail
root=$1 debs=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
die() { echo "deb_in_root.sh: $*" >&2; exit 1; }
apt() { chroot "$root" apt-get -qq -o Dpkg::Use-Pty=0 --no-install-recommends -y "$@" >"$root/tmp/apt.log" 2>&1 ||
  { cat "$root/tmp/apt.log" >&2; die "apt-get $*"; }; }
# What names the packages anywhere, but for the logs of apt and dpkg.
left() {
  find "$root" -xdev \( -path "$root"/proc -o -path "$root"/sys -o -path "$root"/tmp -o -path "$root"/var/log \) \
    -prune -o \( -name '*recurd*' -o -name '*recurctl*' \) -print
  grep -H recurd "$root"/etc/{passwd,shadow,group,gshadow} || true
}

for package in recurd recurctl librecurd-dev; do cp "$debs/${package}_"*.deb "$root/tmp/$package.deb"; done
rm -f "$root/usr/sbin/policy-rc.d"
echo "== installed by apt: recurd, recurctl"
apt install /tmp/recurd.deb /tmp/recurctl.deb
for page in man8/recurd.8.gz man1/recurctl.1.gz; do [[ -s $root/usr/share/man/$page ]] || die "no $page"; done
for wants in multi-user.target.wants/recurd.service sockets.target.wants/recurd.socket; do
  [[ -L $root/etc/systemd/system/$wants ]] || die "not enabled: $wants"
done
owner=$(chroot "$root" stat --format=%U:%a /var/lib/recurd)
[[ $owner == recurd:755 ]] || die "/var/lib/recurd is $owner"

echo "== installed by apt: librecurd-dev and a compiler"
apt install /tmp/librecurd-dev.deb cmake g++ make pkg-config
cp -r "$here/consumer" "$root/tmp/consumer"
chroot "$root" sh -ec '
  cmake -S /tmp/consumer -B /tmp/consumer/build >/dev/null
  cmake --build /tmp/consumer/build
  g++ -std=c++20 /tmp/consumer/main.cc -o /tmp/consumer/by_pkg_config $(pkg-config --cflags --libs recurd)'
unshare --net "$here/deb_serve.sh" "$root"

echo "== removed and purged"
echo "# an administrator's" >>"$root/etc/recurd/recurd.flags"
apt remove recurd
grep -q administrator "$root/etc/recurd/recurd.flags" || die "the flags went with the program"
[[ ! -e $root/usr/bin/recurd ]] || die "the program is still there"
apt install /tmp/recurd.deb
grep -q administrator "$root/etc/recurd/recurd.flags" || die "the flags were replaced"
apt purge recurd recurctl librecurd-dev
[[ -z $(left) ]] || die "left after the purge: $(left)"
echo "== nothing is left"

#!/usr/bin/env bash
# An extract hook of mmdebstrap: leaves dpkg's records of the libraries that were unpacked, not installed, below ROOT,
# so that dpkg-shlibdeps can tell which package a library is of (cross_shlibdeps.cmake).
#
# usage: dpkg_records.sh ROOT
set -euo pipefail
dpkg=$1/var/lib/dpkg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/status"
for deb in "$1"/var/cache/apt/archives/*.deb; do
  rm -rf "$work/control"
  dpkg-deb --control "$deb" "$work/control"
  if [[ ! -e $work/control/symbols && ! -e $work/control/shlibs ]]; then continue; fi
  name=$(dpkg-deb --field "$deb" Package)
  if [[ $(dpkg-deb --field "$deb" Multi-Arch) == same ]]; then name+=:$(dpkg-deb --field "$deb" Architecture); fi
  for record in symbols shlibs; do
    if [[ -e $work/control/$record ]]; then cp "$work/control/$record" "$dpkg/info/$name.$record"; fi
  done
  dpkg-deb --fsys-tarfile "$deb" | tar --list | sed 's|^\.||; s|/$||; /^$/d' >"$dpkg/info/$name.list"
  sed 's/^Package: .*/&\nStatus: install ok installed/' "$work/control/control" >>"$work/status"
  echo >>"$work/status"
done
mv "$work/status" "$dpkg/status"
echo 1 >"$dpkg/info/format"

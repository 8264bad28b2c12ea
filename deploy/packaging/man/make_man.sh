#!/usr/bin/env bash
# Makes a manual page: a template with the line @HELP@ replaced by what the program says of its flags.
#
# usage: make_man.sh AWK TEMPLATE VERSION OUT PROGRAM...    PROGRAM...: how to run it
set -euo pipefail
awk=$1 template=$2 version=$3 out=$4
shift 4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LC_ALL=C.UTF-8

# What `PROGRAM ARGUMENTS` prints. The daemon ends with 1 after --help, as Abseil's flags do.
help_of() { "$@" --help || [[ $? == 1 ]]; }

# recurctl has a help text for each command, in the order of its own; the daemon has one.
help_texts() {
  local text command
  text=$(help_of "$@")
  echo "$text"
  while read -r command; do help_of "$@" "$command"; done < <(
    "$awk" '/^usage: .* COMMAND/ { in_list = 1 } in_list && /^  [a-z]+ / { print $1 }' <<<"$text")
}

trap 'rm -f "$out.new" "$out.help"' EXIT
help_texts "$@" >"$out.help"
"$awk" -f "$here/help_to_man.awk" "$out.help" >"$out.new.help"
sed -e "s/@VERSION@/$version/" -e "/^@HELP@\$/{r $out.new.help
d}" "$template" >"$out.new"
rm "$out.new.help"
grep -q '^\.TP' "$out.new" || { echo "make_man.sh: no flags in what $* --help prints" >&2; exit 1; }
mv "$out.new" "$out"

#!/usr/bin/env bash
# Checks that clang-format 14 would change nothing.
#
# usage: format.sh ROOT
set -euo pipefail
cd "$1"
mapfile -d '' files < <(find server client hw tests -name '*.h' -print0 -o -name '*.cc' -print0 | sort -z)
if ((${#files[@]} == 0)); then echo "format: no files in $PWD"; exit 1; fi
failures=0
for file in "${files[@]}"; do
  clang-format-14 --dry-run -Werror --ferror-limit=1 "$file" 2>/dev/null && continue
  echo "$file: crooked; run clang-format-14 -i $file"
  failures=$((failures + 1))
done
echo "format: ${#files[@]} files, $failures crooked"
((failures == 0))

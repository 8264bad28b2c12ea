#!/usr/bin/env bash
# Builds the benchmarks as the release is built, and runs them. Each prints what it compares, in one table.
#
# usage: tests/bench/run.sh                   all of them
#        tests/bench/run.sh NAME [FLAG...]    one of them, with flags of its own (try --help)
#
# NAME is the folder tests/bench/NAME, whose program is NAME_bench. Numbers taken on a busy machine are worth little: the
# load average is printed so that they can be judged.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LC_ALL=C.UTF-8

mapfile -t names < <(find tests/bench -mindepth 2 -name '*_bench.cc' -printf '%f\n' | sed 's/_bench\.cc$//' | sort)
case ${1:-} in
  --help) sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; echo "benchmarks: ${names[*]}"; exit 0 ;;
  '') chosen=("${names[@]}") ;;
  *) chosen=("$1"); shift ;;
esac
for name in "${chosen[@]}"; do
  if [[ " ${names[*]} " != *" $name "* ]]; then
    echo "bench/run.sh: there is no benchmark '$name'; there are: ${names[*]}" >&2
    exit 2
  fi
done

deploy/install-deps.sh build test
targets=("${chosen[@]/%/_bench}")
if [[ " ${chosen[*]} " == *" cpu "* ]]; then
  # Whom it compares with. It skips those that can't be had.
  deploy/install-deps.sh bench || echo "bench/run.sh: going on without the packages above" >&2
  if [[ ! -e build/bench/npm/node_modules/onnxruntime-node/package.json ]]; then
    mkdir -p build/bench/npm
    npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error --prefix build/bench/npm \
      onnxruntime-node@1.30.0 ||
      echo "bench/run.sh: going on without ONNX Runtime" >&2
  fi
  targets+=(cpu_bench_peers)
fi
cmake --preset release -B build/bench -DBUILD_TESTING=ON
cmake --build build/bench -j 2 --target "${targets[@]}"

echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1); load average $(cut -d' ' -f1 /proc/loadavg); $(date -u +%F)"
for name in "${chosen[@]}"; do
  echo "== $name"
  "build/bench/tests/${name}_bench" "$@"
done

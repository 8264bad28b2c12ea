#!/usr/bin/env bash
# Builds recurd and runs its tests. On a fresh Debian 12 machine it first installs what is missing.
#
# usage: tests/run.sh                  build the dev preset and run the default suite
#        tests/run.sh --label=L        only tests with this label: unit, integration, sessions, conformance, lint, fuzz,
#                                      array, lanes, xrt, models, cpu, dashboards, package, container, scale-out, aarch64 (the
#                                      unit tests built for a Versal's Arm cores, by qemu-user), versal-boot
#                                      and versal-systemd (the daemon on an emulated Versal)
#        tests/run.sh --full           the default suite, the asan, tsan, tsan-rpc and clang presets, clang-tidy, the
#                                      dashboards in a browser, every case of tests/models, the Debian packages, the
#                                      container image, several daemons (scale-out), aarch64 and the emulated Versal,
#                                      and a minute of each fuzz target. For who isn't root it skips the container image
#                                      and the Versal with systemd
#        tests/run.sh --fuzz[=MINUTES] only fuzzing, this long (20) for each target; findings stay in build/fuzz/findings
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

usage() { sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

# Says what is running, and how long it took.
stage() {
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  "$@"
  echo "== $name: $((SECONDS - start)) s"
}

label_run() {
  cmake --preset dev
  cmake --build --preset dev
  ctest --test-dir build/dev --output-on-failure --no-tests=error --build-config Full --label-regex "^$1\$"
}

aarch64() {
  deploy/aarch64/mksysroot.sh
  cmake --workflow --preset aarch64
}

# The daemon is a build for aarch64, with systemd the Debian package; its clients are this machine's.
versal() {
  if [[ $1 == systemd ]]; then deploy/aarch64/build.sh --packages; else deploy/aarch64/build.sh recurd; fi
  label_run "versal-$1"
}

# Findings of a target are kept beside its grown corpus, and the first one ends the run.
fuzz() {
  local seconds=$1 target name
  cmake --preset fuzz
  cmake --build --preset fuzz
  for target in build/fuzz/fuzz/*; do
    name=$(basename "$target")
    mkdir -p "build/fuzz/corpus/$name" "build/fuzz/findings"
    stage "fuzz $name for $seconds s" "$target" -max_total_time="$seconds" -print_final_stats=1 \
      -artifact_prefix="build/fuzz/findings/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
  done
}

# Every case of tests/models, larger ones among them: the committed ones are a sample.
all_models() {
  local cases=$PWD/build/dev/all_models
  PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/models/make_cases.py --full "$cases"
  RECURD_GOLDEN_MODELS=$cases build/dev/tests/golden_models_test --gtest_brief=1
}

full=false label='' fuzz_minutes=''
for argument in "$@"; do
  case $argument in
    --full) full=true ;;
    --label=?*) label=${argument#*=} ;;
    --fuzz) fuzz_minutes=20 ;;
    --fuzz=?*) fuzz_minutes=${argument#*=} ;;
    --help) usage; exit 0 ;;
    *) echo "run.sh: '$argument' is not an option" >&2; usage >&2; exit 2 ;;
  esac
done
if [[ -n $fuzz_minutes && ! $fuzz_minutes =~ ^[1-9][0-9]{0,4}$ ]]; then
  echo "run.sh: --fuzz=$fuzz_minutes is not a number of minutes from 1 to 99999" >&2
  exit 2
fi

if $full; then
  deploy/install-deps.sh build test full deb container aarch64
elif [[ -n $fuzz_minutes || $label == dashboards ]]; then
  deploy/install-deps.sh build test full
elif [[ $label == package ]]; then
  deploy/install-deps.sh build test deb
elif [[ $label == container ]]; then
  deploy/install-deps.sh build test container
elif [[ $label == aarch64 || $label == versal-boot ]]; then
  deploy/install-deps.sh build test aarch64
elif [[ $label == versal-systemd ]]; then
  deploy/install-deps.sh build test deb aarch64
else
  deploy/install-deps.sh build test
fi

if [[ -n $fuzz_minutes ]]; then
  fuzz $((fuzz_minutes * 60))
elif [[ $label == aarch64 ]]; then
  aarch64
elif [[ $label == versal-boot || $label == versal-systemd ]]; then
  versal "${label#versal-}"
elif [[ -n $label ]]; then
  label_run "$label"
elif $full; then
  stage "clang-tidy and -Wthread-safety (clang)" cmake --workflow --preset clang
  stage "clang-tidy" run-clang-tidy-14 -quiet -j 2 -p build/clang "$PWD/(server|client)/.*\.cc"
  stage "AddressSanitizer, UndefinedBehaviorSanitizer (asan)" cmake --workflow --preset asan
  stage "ThreadSanitizer, without gRPC (tsan)" cmake --workflow --preset tsan
  stage "ThreadSanitizer, daemon and recurctl (tsan-rpc)" cmake --workflow --preset tsan-rpc
  stage "fuzzing" fuzz 60
  stage "default suite (dev)" cmake --workflow --preset dev
  stage "dashboards" label_run dashboards
  stage "several daemons behind HAProxy" label_run scale-out
  stage "Debian packages" label_run package
  stage "container image" label_run container
  stage "models of every exporter" all_models
  stage "aarch64 under qemu-user" aarch64
  stage "emulated Versal" versal boot
  stage "emulated Versal with systemd" versal systemd
else
  stage "default suite (dev)" cmake --workflow --preset dev
fi

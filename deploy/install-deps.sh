#!/usr/bin/env bash
# The one place that knows which Debian 12 packages recurd needs.
#
# usage: deploy/install-deps.sh GROUP...            install what is missing of these groups
#        deploy/install-deps.sh --print GROUP...    only print their packages
# groups: build    compile the daemon, the client and recurctl
#         test     the default test suite, over and above build
#         full     the sanitizer, clang, fuzz, browser and exporter runs of tests/run.sh --full, over and above test
#         aarch64  build for a Versal's Arm cores and boot an emulated one (deploy/aarch64, deploy/versal), over and above test
#         deb      make Debian packages and try them in a bare Debian, over and above build
#         container  what deploy/container.sh builds and tries the image with; it needs no other group
#         bench    what tests/bench/run.sh cpu compares with, over and above test; large
#         runtime  run a daemon that was built elsewhere (the container image)
#
# Installs with apt as root, or through sudo. Without either it prints the command to run and exits 1.
# Touches neither apt nor the network when nothing is missing.
set -euo pipefail

build=(cmake ninja-build g++ ccache pkg-config libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
       libabsl-dev libspdlog-dev libssl-dev prometheus-cpp-dev libmicrohttpd-dev libhwy-dev libonnx-dev libxrt-dev
       uuid-dev libsystemd-dev libhiredis-dev)
test=(libgtest-dev libgmock-dev clang-format-14 python3 make curl openssl prometheus redis-server haproxy  # prometheus: for promtool
      python3-venv python3-setuptools python3-wheel python3-grpcio python3-protobuf python3-numpy python3-matplotlib python3-yaml mypy)
full=(clang-14 clang-tidy-14 libclang-rt-14-dev chromium fonts-dejavu-core python3-torch python3-onnx)
aarch64=(g++-aarch64-linux-gnu qemu-user-static qemu-system-arm ipxe-qemu mmdebstrap kmod cpio e2fsprogs)
deb=(dpkg-dev file lintian man-db mmdebstrap uidmap iproute2)
container=(buildah mmdebstrap iproute2 curl)
bench=(libdnnl-dev libtorch-dev)
runtime=(libgrpc++1.51 libprotobuf32 libabsl20220623 libspdlog1.10 libssl3 libprometheus-cpp-core1.0 libmicrohttpd12
         libhwy1 libonnx1 libxrt1 libsystemd0 libhiredis0.14)

# Node.js and npm often come from elsewhere.
command -v npm >/dev/null || test+=(nodejs npm)

usage() { sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

print=false
packages=()
for argument in "$@"; do
  case $argument in
    --print) print=true ;;
    build | test | full | aarch64 | deb | container | bench | runtime)
      declare -n group=$argument
      packages+=("${group[@]}")
      ;;
    --help) usage; exit 0 ;;
    *) echo "install-deps.sh: '$argument' is not a group" >&2; usage >&2; exit 2 ;;
  esac
done
if ((${#packages[@]} == 0)); then usage >&2; exit 2; fi
if $print; then printf '%s\n' "${packages[@]}"; exit 0; fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then exit 0; fi

if ((EUID == 0)); then
  as_root=(env)
elif command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
  as_root=(sudo)
else
  echo "install-deps.sh: ${#missing[@]} packages are missing, and this is neither root nor can it use sudo. Run as root:" >&2
  echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

# Packages that are wanted for what is in them, and that also start a server, which nobody asked for.
quiet=()
for server in prometheus redis-server haproxy; do
  if [[ " ${missing[*]} " == *" $server "* && -d /run/systemd/system ]]; then quiet+=("$server.service"); fi
done
if ((${#quiet[@]} > 0)); then "${as_root[@]}" systemctl mask --quiet --runtime "${quiet[@]}"; fi

echo "== installing ${#missing[@]} packages: ${missing[*]}"
apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
"${apt[@]}" update || echo "install-deps.sh: apt-get update had errors; going on with the lists that are there" >&2
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null

if ((${#quiet[@]} > 0)); then
  "${as_root[@]}" systemctl disable --quiet "${quiet[@]}"
  "${as_root[@]}" systemctl unmask --quiet --runtime "${quiet[@]}"
fi

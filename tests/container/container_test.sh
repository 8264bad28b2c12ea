#!/usr/bin/env bash
# Builds the image by deploy/container.sh and runs it as a container's runtime would, as far as buildah's chroot
# isolation and namespaces go: serve.sh says what is as there, and what isn't.
#
# usage: container_test.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
if ((EUID != 0)); then echo "not run: deploy/container.sh needs root"; exit 77; fi
for tool in buildah mmdebstrap ip; do
  command -v "$tool" >/dev/null || { echo "not run: no $tool; deploy/install-deps.sh container has it"; exit 77; }
done

deploy/container.sh
work=$PWD/build/container
buildah() { command buildah --storage-driver=vfs --root="$work/store" --runroot="$work/run" "$@"; }
container=$(buildah from --pull-never --signature-policy="$work/policy.json" localhost/recurd:latest)
trap 'buildah umount "$container" >/dev/null; buildah rm "$container" >/dev/null' EXIT
id=$(buildah run --isolation=chroot "$container" -- id --user)
[[ $id == 65532 ]] || { echo "container_test.sh: USER is not honoured: uid $id" >&2; exit 1; }

# The configuration, a NUL behind each word: user, entry point, a word --, health check.
buildah inspect --type=image localhost/recurd:latest >"$work/inspect.json"
/usr/bin/python3 - "$work/inspect.json" >"$work/words" <<'END'
import json, sys
config = json.load(open(sys.argv[1]))["Docker"]["config"]
assert set(config["ExposedPorts"]) == {"8001/tcp", "8002/tcp"}, config["ExposedPorts"]
kind, *health = config["Healthcheck"]["Test"]
assert kind == "CMD", kind
print(*[config["User"], *config["Entrypoint"], "--", *health], sep="\0", end="\0")
END
mapfile -d '' words <"$work/words"
root=$(buildah mount "$container")
unshare --mount --net --pid --fork --kill-child "$here/serve.sh" "$root" "${words[@]}"

#!/usr/bin/env bash
# What action.yml runs: downloads a release, starts the server in the background and waits until it serves clients.
#
# Writes the addresses to $GITHUB_OUTPUT, and the directory of the binary to $GITHUB_PATH.
set -euo pipefail

folder=${RUNNER_TEMP:?}/millrace
mkdir -p "$folder"
# Of this machine, as the tarballs are called by Debian's names.
case $(uname -m) in
    x86_64) machine=amd64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *)
        echo "::error::there is no release for $(uname -m)"
        exit 1
        ;;
esac
url=${INPUT_URL:-$MILLRACE_RELEASES/v$INPUT_VERSION/millrace-$INPUT_VERSION-linux-$machine.tar.gz}
curl --fail --silent --show-error --location --retry 3 --output "$folder/millrace.tar.gz" "$url"
if [[ -n ${INPUT_SHA256:-} ]]; then
    echo "$INPUT_SHA256  $folder/millrace.tar.gz" | sha256sum --check --quiet
fi
tar -xzf "$folder/millrace.tar.gz" -C "$folder" --strip-components=1
binary=$folder/bin/millrace

# The runner's image lacks some of the libraries, or none of them.
if ldd "$binary" | grep -q 'not found'; then
    sudo apt-get install --yes --no-install-recommends libsnappy1v5 liblz4-1 libzstd1 zlib1g libsqlite3-0 >/dev/null
fi

log=$folder/server.log
ready=$folder/ready
# shellcheck disable=SC2086  # Arguments are split at spaces, as the input says.
nohup "$binary" serve --data-dir "$folder/data" \
    --kafka "127.0.0.1:${INPUT_KAFKA_PORT:-9092}" --kinesis "127.0.0.1:${INPUT_KINESIS_PORT:-4566}" \
    --admin "127.0.0.1:${INPUT_ADMIN_PORT:-8080}" ${INPUT_ARGUMENTS:-} >"$ready" 2>"$log" </dev/null &
server=$!
echo "$server" >"$folder/pid"

for _ in $(seq 600); do
    line=$(grep -m 1 '^ready ' "$ready" || true)
    [[ -z $line ]] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if [[ -z $line ]]; then
    echo "::error::the server did not start: $(tail -n 5 "$log")"
    exit 1
fi
echo "$line"
for name in kafka kinesis admin; do
    echo "$name=$(sed -E "s/.* $name=([^ ]+).*/\1/" <<<"$line")"
done >>"$GITHUB_OUTPUT"
echo "log=$log" >>"$GITHUB_OUTPUT"
echo "$folder/bin" >>"$GITHUB_PATH"

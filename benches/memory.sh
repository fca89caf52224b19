#!/bin/bash
# Runs the sample project on WORLD (see `korabo synth`) from nothing, once per memory limit, and prints a row of the table in
# docs/performance.md for each: limit, exit code, seconds, largest resident memory, most that lay in the spill folder at once.
#
#   benches/memory.sh WORLD LIMIT...        e.g. benches/memory.sh /data/world 2G 4G 6G 8G
#   KORABO=target/release/korabo            the program measured
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${KORABO:-$top/target/release/korabo}")
world=$(realpath "$1")
shift
echo "| limit | exit code | seconds | resident | spilled |"
echo "|---|---|---|---|---|"
for limit in "$@"; do
    folder=$(mktemp -d)
    mkdir "$folder/spill"
    cp -r "$top/korabo.toml" "$top/fields.toml" "$top/indicators.toml" "$top/columns.toml" "$top/schemas" "$top/queries" "$folder"
    began=$(date +%s)
    (cd "$folder" && exec "$program" run --extracts "$world" --memory-limit "$limit" --temp-dir "$folder/spill" --quiet) &
    run=$!
    resident=0
    spilled=0
    while kill -0 $run 2>/dev/null; do
        now=$(awk '/^VmHWM/{print int($2 / 1024)}' /proc/$run/status 2>/dev/null)
        [ "${now:-0}" -gt "$resident" ] && resident=$now
        now=$(du -sm "$folder/spill" 2>/dev/null | cut -f1)
        [ "${now:-0}" -gt "$spilled" ] && spilled=$now
        sleep 0.2
    done
    wait $run
    code=$?
    echo "| $limit | $code | $(($(date +%s) - began)) | $resident MB | $spilled MB |"
    rm -rf "$folder"
done

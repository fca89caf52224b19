# Sourced by the scripts beside it: whole calls, timed. Needs $folder, a folder for what is written on the way.

# measure NAME COMMAND…: seconds, GiB and the last line of results.
measure() {
    local name=$1
    shift
    /usr/bin/time -o "$folder/time" -f '%e %M' "$@" > "$folder/out" 2> "$folder/err" || true
    read -r seconds kilobytes < <(tail -n 1 "$folder/time")
    printf '%-44s %8s s %7.2f GiB   %s\n' "$name" "$seconds" \
        "$(awk "BEGIN { print $kilobytes / 1048576 }")" "$(grep -E 'RESULT|,' "$folder/out" | tail -n 1 | cut -c 1-90)"
}

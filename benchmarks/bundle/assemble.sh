#!/usr/bin/env bash
# assemble.sh FILE.ptx ARCH PTXAS_VERSION FOLDER: what ptxas makes of a module, as JSON lines of kind "kernel" in FOLDER.
set -u
file=$1 arch=$2 version=$3 folder=$4
mkdir -p "$folder"
# Code for one architecture only (sm_90a) is assembled for that one.
target=$(sed -nE 's/^\.target +(sm_[0-9]+[a-z]?).*/\1/p' "$file" | head -n 1)
case "$target" in *[a-z]) arch=$target ;; esac
result="$folder/$(basename "$file" .ptx).jsonl"
if ! text=$(ptxas -v -arch="$arch" "$file" -o /dev/null 2>&1); then
  printf '%s: ptxas refuses it for %s\n%s\n' "$(basename "$file")" "$arch" "$text"
  exit 1
fi
printf '%s\n' "$text" | awk -v arch="$arch" -v source="ptxas $version" '
  /Compiling entry function/ { split($0, quoted, "\047"); name = quoted[2] }
  /bytes spill stores/ { match($0, /[0-9]+ bytes spill stores/); stores = substr($0, RSTART) + 0
                         match($0, /[0-9]+ bytes spill loads/); loads = substr($0, RSTART) + 0 }
  /Used [0-9]+ registers/ {
    match($0, /[0-9]+ registers/); registers = substr($0, RSTART) + 0
    printf "{\"kind\":\"kernel\",\"name\":\"%s\",\"target\":\"%s\",\"registers\":%d,", name, arch, registers
    printf "\"spillStoreBytes\":%d,\"spillLoadBytes\":%d,", stores, loads
    # Without a static array nothing is known: how much a launch asks for stands elsewhere.
    if (match($0, /[0-9]+ bytes smem/)) printf "\"sharedBytes\":%d,", substr($0, RSTART) + 0
    printf "\"source\":\"%s\"}\n", source
  }' >"$result"
[ -s "$result" ] || { printf '%s: ptxas names no kernel\n' "$(basename "$file")"; exit 1; }

#!/usr/bin/env bash
# Everything that a machine with a GPU can tell of this build, by one command that needs no .NET, no network and no
# CUDA toolkit; what is there of PyTorch, ptxas, compute-sanitizer and ncu is used.
#   run.sh OUTDIR [--total SECONDS]     480 seconds when not given
# Leaves in OUTDIR: run.log, results.jsonl (benchmarks/schema.md of the repository), report.md and its charts.
# Every step has its own limit inside the total; one that fails, hangs or is missing hides no other.
# Exit code: 0 when all that could run passed, also without a GPU; 1 when something failed; 2 bad usage.
# NATTN_BUNDLE_DEVICE=emulator runs the steps for a GPU on the emulated one instead; cuda:1 on another GPU.
set -u

bundle=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly bundle
readonly usual_total=480 report_limit=8 skipped_code=77 full_mode_from=900
# What must end within its time; the others are other people's programs, or need more than there is.
readonly required_steps=" machine tests tests-nvcc verify benchmark tests-host report "

usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; printf 'run.sh: %s\n' "$*" >&2; exit 2; }

out='' total=$usual_total
while [ $# -gt 0 ]; do
  case "$1" in
    --total)
      case "${2:-}" in '' | *[!0-9]*) usage "--total is '${2:-}'; allowed is a number of seconds" ;; esac
      total=$2
      shift ;;
    -*) usage "there is no option $1" ;;
    *) [ -z "$out" ] || usage "one OUTDIR, not also '$1'"; out=$1 ;;
  esac
  shift
done
[ -n "$out" ] || usage "OUTDIR is missing"
mkdir -p "$out" || usage "OUTDIR '$out' cannot be made"
out=$(cd "$out" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/nattn-bundle.XXXXXX") || usage "no temporary folder can be made"
readonly out total work log="$out/run.log"
stopped=''
trap 'rm -rf "$work"' EXIT
trap 'stopped="stopped by a signal"' INT TERM HUP
rm -f "$out/results.jsonl" "$out/report.md" "$out"/*.svg
: >"$log"
: >"$work/steps.jsonl"
: >"$work/kernels.jsonl"

say() { printf '%s\n' "$*" | tee -a "$log"; }

# --- What a step may say of itself -------------------------------------------------------------------------------

# skip REASON: ends a step that cannot run here.
skip() { printf '%s\n' "$*"; exit $skipped_code; }
need_device() { [ -n "$device" ] || skip "no CUDA device"; }
need_command() { command -v "$1" >/dev/null || skip "$1 is not on the PATH"; }
need_gpu() { need_device; case "$device" in cuda:*) ;; *) skip "$device is no GPU" ;; esac; }

# --- Running steps -----------------------------------------------------------------------------------------------

# A text as it may stand in a JSON string: printable ASCII, quotes escaped.
json_text() { printf '%s' "$*" | tr '\n\t' '  ' | tr -cd '\40-\176' | cut -c 1-300 | sed 's/[\\"]/\\&/g'; }

runs() { case " $(jobs -pr | tr '\n' ' ') " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# wait_until PID TIME: until the step has ended, the time has come, or somebody stops us.
wait_until() { while runs "$1" && [ "$SECONDS" -lt "$2" ] && [ -z "$stopped" ]; do sleep 0.2; done; }

# stop PID: ends a step and all it started; one that cannot be ended is left behind.
stop() {
  kill -TERM -- "-$1" 2>/dev/null
  local stopped_before=$stopped
  stopped=''
  wait_until "$1" $((SECONDS + 5))
  kill -KILL -- "-$1" 2>/dev/null
  wait_until "$1" $((SECONDS + 3))
  runs "$1" || wait "$1" 2>/dev/null
  stopped=$stopped_before
}

# limit_of SECONDS: a step's limit in the usual total, scaled to ours and cut to what is left.
limit_of() {
  local own=$(($1 * total / usual_total)) left=$((total - SECONDS - report_limit))
  echo $((own < left ? own : left))
}

# step NAME LIMIT: runs the function step_NAME; reports how it ended.
step() {
  local name=$1 limit=$2 offset begin=$SECONDS pid code=0 status=ok reason=''
  if [ -n "$stopped" ] || [ "$limit" -lt 2 ]; then
    record "$name" skipped 0 "${stopped:-no time left}" ''
    return
  fi
  say "== $name (up to $limit s)"
  offset=$(wc -c <"$log")
  set -m # so that the step and all it starts are one process group
  ("step_${name//-/_}") >>"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  wait_until "$pid" $((SECONDS + limit))
  if runs "$pid"; then
    status=timeout reason=${stopped:-"did not end within its $limit s"}
    stop "$pid"
  else
    wait "$pid" 2>/dev/null
    code=$?
    kill -KILL -- "-$pid" 2>/dev/null # whatever it left running
  fi
  tail -c "+$((offset + 1))" "$log" >"$work/step.log"
  case "$status $code" in
    'ok 0' | 'timeout '*) ;;
    "ok $skipped_code") status=skipped reason=$(last_line) ;;
    *) status=failed reason="exit code $code: $(last_line)" ;;
  esac
  record "$name" $status $((SECONDS - begin)) "$reason" "$(counts)"
  if [ $status = failed ]; then
    tail -n 12 "$work/step.log" | sed 's/^/     | /' | cut -c 1-300
  fi
}

last_line() { grep -v '^[[:space:]]*$' "$work/step.log" | tail -n 1; }

# The last line such as "5 passed, 1 failed, 2 skipped", as fields of a JSON object.
counts() {
  grep -oE '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?' "$work/step.log" | tail -n 1 |
    sed -E 's/([0-9]+) ([a-z]+)/"\2":\1/g; s/^/,/; s/, /,/g'
}

# record NAME STATUS SECONDS REASON COUNTS
record() {
  local fields="\"kind\":\"step\",\"name\":\"$1\",\"status\":\"$2\",\"seconds\":$3"
  [ -z "$4" ] || fields="$fields,\"reason\":\"$(json_text "$4")\""
  printf '{%s%s}\n' "$fields" "$5" >>"$work/steps.jsonl"
  say "   $1: $2, $3 s${5:+, $(printf '%s' "${5#,}" | sed -E 's/"([a-z]+)":([0-9]+)/\2 \1/g; s/,/, /g')}${4:+ ($4)}"
  case "$2" in
    failed) failed=1 ;;
    timeout) case "$required_steps" in *" $1 "*) failed=1 ;; esac ;;
  esac
  compose
}

# results.jsonl as far as it goes: one run, since all was measured on one device.
compose() {
  local measured=("$work"/benchmark.jsonl "$work"/torch.jsonl)
  {
    grep -hE '^\{"kind": ?"run".*\}$' "${measured[@]}" 2>/dev/null | head -n 1 | grep . || run_line
    grep -hE '\}$' "${measured[@]}" "$work/kernels.jsonl" "$work/steps.jsonl" 2>/dev/null |
      grep -vE '^\{"kind": ?"run"'
  } >"$work/results.jsonl"
  cp "$work/results.jsonl" "$out/results.jsonl"
}

# What is known of the run when no benchmark tells more.
run_line() {
  local machine
  machine=$(printf '%s' "${gpu#NVIDIA }" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9\n' '-' | sed 's/^-*//; s/-*$//')
  printf '{"kind":"run","schema":1,"date":"%s","commit":"%s","machine":"%s","device":"%s","mode":"%s"}\n' \
    "$started" "$commit" "${machine:-unknown}" "$(json_text "$gpu")" "$mode"
}

# --- Steps -------------------------------------------------------------------------------------------------------

# A step, since a driver in trouble lets even these hang.
step_machine() {
  if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,memory.total --format=csv >"$work/smi.txt" 2>&1
  else
    echo "nvidia-smi is not there" >"$work/smi.txt"
  fi
  "$app/nattn" info && "$app/nattn" info --json >"$work/info.json"
}

step_tests() {
  need_device
  NATTN_DEVICE=$device "$app/NativeAttention.TestHost" Cuda Conformance
}

step_tests_nvcc() {
  need_device
  [ -d "$work/ptx/nvcc" ] || skip "this bundle was built without nvcc"
  NATTN_PTX_DIRECTORY="$work/ptx/nvcc" NATTN_DEVICE=$device "$app/NativeAttention.TestHost" Cuda --filter DenseForward
}

step_verify() {
  need_device
  "$app/nattn" verify --device "$device"
}

# What needs no GPU: this machine's processor and driver differ from the build's all the same.
step_tests_host() {
  "$app/NativeAttention.TestHost" Core Bindings Tool Emulator
}

# The driver keeps what it compiled for the tests; without that the times of loading a module are those of a first use.
step_benchmark() {
  need_device
  CUDA_CACHE_DISABLE=1 "$app/NativeAttention.DeviceBenchmarks" --device "$device" --mode "$mode" --cases "$bundle/cases" \
    --time-limit "$(most_of "$limit")" --out "$work/benchmark.jsonl"
}

# The same cases by PyTorch: its kernels on the same GPU are the peers. Without a GPU it shows only that it works.
step_torch() {
  need_device
  need_command python3
  python3 -c 'import torch' 2>/dev/null || skip "python3 has no torch"
  local torch_device=$device
  [ "$device" != emulator ] || torch_device=cpu
  python3 "$bundle/baselines/torch_baselines.py" --device "$torch_device" --mode "$mode" --cases "$bundle/cases" \
    --time-limit "$(most_of "$limit")" --commit "$commit" --out "$work/torch.jsonl"
}

# most_of SECONDS: what a program is told, so that it ends by itself.
most_of() { echo $(($1 * 9 / 10)); }

step_memcheck() { sanitize memcheck 'ERROR SUMMARY: \([0-9]*\) error.*'; }
step_racecheck() { sanitize racecheck 'RACECHECK SUMMARY: .*(\([0-9]*\) error.*'; }

# sanitize TOOL PATTERN: small problems of every kernel under compute-sanitizer; PATTERN finds the count of errors.
sanitize() {
  need_gpu
  need_command compute-sanitizer
  local errors
  compute-sanitizer --tool "$1" "$app/nattn" verify --device "$device" --quick >"$work/$1.txt" 2>&1
  cat "$work/$1.txt"
  errors=$(sed -n "s/.*$2/\1/p" "$work/$1.txt" | tail -n 1)
  [ -n "$errors" ] || skip "compute-sanitizer does not work here: $(grep '=========' "$work/$1.txt" | tail -n 1)"
  printf '%s errors\n' "$errors"
  [ "$errors" -eq 0 ]
}

# How far two kernels use the GPU, by its hardware counters; for the log only.
step_ncu() {
  need_gpu
  need_command ncu
  local filter
  for filter in bf16-b8-h16x16-s2048x2048-d128x128-causal bf16-b8-h32x32-s2048x2048-d64x64-causal; do
    ncu --clock-control none --kernel-name regex:na_dense --launch-skip 2 --launch-count 1 \
      --section SpeedOfLight --section LaunchStats --section Occupancy --section WarpStateStats \
      "$app/NativeAttention.DeviceBenchmarks" --device "$device" --cases "$bundle/cases" --filter "$filter" \
      --time-limit $((limit / 3)) >"$work/ncu.txt" 2>&1
    cat "$work/ncu.txt"
    grep -q 'Duration' "$work/ncu.txt" || skip "ncu does not work here: $(grep '==ERROR==' "$work/ncu.txt" | head -n 1)"
  done
}

step_report() {
  "$app/nattn" report "$out/results.jsonl" --output "$out" --short
}

step_ptxas() {
  need_command ptxas
  local arch version
  arch=${capability:+sm_${capability/./}} version=$(ptxas --version | sed -n 's/.*release \([0-9.]*\).*/\1/p')
  find "$work/ptx/clang" -maxdepth 1 -name '*.ptx' | sort |
    xargs -P "$(nproc)" -I '{}' bash "$bundle/assemble.sh" '{}' "${arch:-sm_80}" "$version" "$work/assembled"
  local failures=$?
  cat "$work/assembled"/*.jsonl >"$work/kernels.jsonl" 2>/dev/null
  printf '%s kernels assembled\n' "$(wc -l <"$work/kernels.jsonl")"
  return $failures
}

# --- The run -----------------------------------------------------------------------------------------------------

mode=short
[ "$total" -lt $full_mode_from ] || mode=full
started=$(date -u +%Y-%m-%dT%H:%M:%SZ) commit=$(cat "$bundle/commit")
failed='' gpu=cpu capability=''
say "NativeAttention $commit, $started, $total s at most"
tar -xzf "$bundle/runtime.tar.gz" -C "$work" || usage "runtime.tar.gz cannot be unpacked into $work"
readonly app="$work/app"
chmod +x "$app/nattn" "$app"/NativeAttention.{TestHost,DeviceBenchmarks} # an archive made on Windows does not say so
export NATTN_CONFORMANCE="$work/conformance" DOTNET_EnableDiagnostics=0
unset NATTN_DEVICE NATTN_PTX_DIRECTORY

# tell FIELD: a text that nattn says of the device; nothing when it says null.
tell() { sed -n "/\"name\": \"$device\"/,/\"kernels\"/s/^ *\"$1\": \"\(.*\)\",\$/\1/p" "$work/info.json" 2>/dev/null | head -n 1; }

step machine "$(limit_of 60)"
say "$(cat "$work/smi.txt" 2>/dev/null)"
device=${NATTN_BUNDLE_DEVICE:-cuda:0}
description=$(tell description)
if [ -n "$description" ]; then
  gpu=${description%%,*} capability=$(printf '%s' "$description" | sed -nE 's/.*compute capability ([0-9.]+).*/\1/p')
  [ "$device" != emulator ] || gpu=emulator
  say "$device: $description"
else
  say "no CUDA device: $device is not available ($(tell reason))"
  device=''
fi

# The essential ones first; the last takes what time is left.
step tests "$(limit_of 150)"
step verify "$(limit_of 60)"
step benchmark "$(limit_of 180)"
step torch "$(limit_of 100)"
step ptxas "$(limit_of 45)"
step tests-nvcc "$(limit_of 40)"
step memcheck "$(limit_of 40)"
step racecheck "$(limit_of 40)"
step ncu "$(limit_of 45)"
step tests-host "$(limit_of $usual_total)"

# A report of what there is, also when somebody stopped us; its table is the last that is printed.
stopped=''
step report "$report_limit"
say "$SECONDS of $total s; the rest is in $out"
cat "$work/step.log"
[ -z "$failed" ]

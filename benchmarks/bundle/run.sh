#!/usr/bin/env bash
# Everything that a machine with a GPU can tell of this build, by one command that needs no .NET, no network and no
# CUDA toolkit; what is there of PyTorch, ptxas, compute-sanitizer and ncu is used.
#   run.sh OUTDIR [--total SECONDS]     480 seconds when not given
# Leaves in OUTDIR: run.log, results.jsonl (benchmarks/schema.md of the repository), report.md and its charts.
# Every step has its own limit inside the total; one that fails, hangs or is missing hides no other.
# Exit code: 0 when all that could run passed, also without a GPU; 1 when something failed; 2 bad usage.
# NATTN_BUNDLE_DEVICE=emulator runs the steps for a GPU on the emulated one instead; cuda:1 on another GPU.
set -um

bundle=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly bundle
readonly usual_total=480 reserve=15 skipped_code=77
readonly required_steps=" tests tests-nvcc verify benchmark tests-host report "

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
  kill -TERM -- "-$1"
  stopped_before=$stopped stopped=''
  wait_until "$1" $((SECONDS + 5))
  kill -KILL -- "-$1" 2>/dev/null
  wait_until "$1" $((SECONDS + 3))
  stopped=$stopped_before
}

# limit_of SECONDS: a step's limit in the usual total, scaled to ours and cut to what is left.
limit_of() {
  local own=$(($1 * total / usual_total)) left=$((total - SECONDS - reserve * total / usual_total))
  echo $((own < left ? own : left))
}

# step NAME SECONDS: runs the function step_NAME; reports how it ended.
step() {
  local name=$1 limit offset begin=$SECONDS pid code=0 status=ok reason=''
  limit=$(limit_of "$2")
  if [ -n "$stopped" ] || [ "$limit" -lt 2 ]; then
    record "$name" skipped 0 "${stopped:-no time left}" ''
    return
  fi
  say "== $name (up to $limit s)"
  offset=$(wc -c <"$log")
  ("step_${name//-/_}") >>"$log" 2>&1 </dev/null &
  pid=$!
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
  printf '{"kind":"run","schema":1,"date":"%s","commit":"%s","machine":"%s","device":"%s","mode":"short"}\n' \
    "$started" "$commit" "${machine:-unknown}" "$(json_text "$gpu")"
}

# --- Steps -------------------------------------------------------------------------------------------------------

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

started=$(date -u +%Y-%m-%dT%H:%M:%SZ) commit=$(cat "$bundle/commit")
failed='' gpu=cpu capability=''
say "NativeAttention $commit, $started, $total s at most"
if command -v nvidia-smi >/dev/null; then
  say "$(nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,memory.total --format=csv 2>&1)"
else
  say "nvidia-smi is not there"
fi
tar -xzf "$bundle/runtime.tar.gz" -C "$work" || usage "runtime.tar.gz cannot be unpacked into $work"
readonly app="$work/app"
export NATTN_CONFORMANCE="$work/conformance" DOTNET_EnableDiagnostics=0
unset NATTN_DEVICE NATTN_PTX_DIRECTORY

# tell FIELD: a text that nattn says of the device; nothing when it says null.
tell() { sed -n "/\"name\": \"$device\"/,/\"kernels\"/s/^ *\"$1\": \"\(.*\)\",\$/\1/p" "$work/info.json" | head -n 1; }

"$app/nattn" info >>"$log" 2>&1
"$app/nattn" info --json >"$work/info.json" 2>>"$log" || say "nattn info fails"
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

step tests 150
step tests-nvcc 40
step verify 60
step ptxas 45
step tests-host 90

say ''
say "$((SECONDS)) of $total s"
[ -z "$failed" ]

#!/usr/bin/env bash
# One command for everything: ./build.sh [verb] [arguments]. build.ps1 has the same verbs.
#   setup     install what is missing (cmake, make, clang-19) and set the git hooks of this clone
#   build     PTX and assemblies; leaves the tool at artifacts/nattn
#   test      build, then run all tests; last line: N passed, M failed, K skipped
#   demo      build, then show every kernel on every device found
#   bench     build, then measure: bench [filter] [--short|--full] the CPU and the emulator; bench cpu
#             [--ggml path] the table of the CPU's goals on pinned threads; bench modifiers their cost over
#             plain attention; bench neighborhood its speed over dense attention; bench --engine the emulator
#             itself (checks, threads); bench device ... a GPU
#   pack      build, then NuGet packages and the tool's package in artifacts/packages
#   gpu-bundle  what runs tests and benchmarks on a machine with a GPU and no .NET, in artifacts/gpu-bundle
#   format    put C#, C++ and CUDA into form; with --check only look
#   generate  rewrite the checked-in generated C# from native/
# No verb: build and test. NATTN_CUDA_COMPILER=nvcc also builds the PTX with nvcc and runs the tests on it too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
readonly configuration=Release
readonly ptx_compiler="${NATTN_CUDA_COMPILER:-clang}"
readonly tool=artifacts/nattn

say() { printf '== %s\n' "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# install_if_missing COMMAND DEBIAN_PACKAGE: through apt, saying so.
install_if_missing() {
  command -v "$1" >/dev/null && return
  command -v apt-get >/dev/null ||
    fail "'$1' is missing and there is no apt-get: install the equivalent of Debian's package '$2' and call again"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "'$1' is missing: run 'apt-get install $2' as root and call again"
    as_root=(sudo)
  fi
  say "installing $2 (for $1)"
  if [ -z "${apt_updated:-}" ]; then
    "${as_root[@]}" apt-get update -qq >/dev/null || say "apt-get update failed: trying with the lists at hand"
    apt_updated=1
  fi
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$2" >/dev/null ||
    fail "apt-get could not install '$2'"
}

require_dotnet() {
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is missing: install it from https://dotnet.microsoft.com and call again"
  dotnet --list-sdks | grep -q '^10\.' || fail "the .NET 10 SDK is missing; found: $(dotnet --list-sdks | tr '\n' ' ')"
}

install_tools() {
  require_dotnet
  install_if_missing cmake cmake
  install_if_missing make make
  install_if_missing clang-19 clang-19
}

setup() {
  install_tools
  install_if_missing clang-format-19 clang-format-19
  git config core.hooksPath .githooks
  say "ready: ./build.sh test, ./build.sh demo"
}

build_ptx() {
  say "PTX ($ptx_compiler)"
  [ "$ptx_compiler" != nvcc ] || command -v nvcc >/dev/null || fail "NATTN_CUDA_COMPILER=nvcc, but nvcc is not on the PATH"
  cmake -S . -B artifacts/cmake -DNATTN_CUDA_COMPILER="$ptx_compiler" >artifacts/cmake.log 2>&1 ||
    { cat artifacts/cmake.log >&2; fail "cmake could not configure"; }
  cmake --build artifacts/cmake --parallel "$(nproc)" -- --no-print-directory | grep -v 'Built target' || true
  [ "${PIPESTATUS[0]}" -eq 0 ] || fail "the PTX did not build"
}

# Without the summary, which 'quiet' prints all the same.
msbuild() {
  dotnet "$@" -c $configuration -v quiet --nologo -tl:off |
    sed -E '/^$|^Build succeeded|^ +0 (Warning|Error)\(s\)|^Time Elapsed/d'
}

generator() {
  dotnet bindings/NativeAttention.Bindings.Generator/bin/$configuration/net10.0/NativeAttention.Bindings.Generator.dll "$1" .
}

build_assemblies() {
  say "assemblies"
  msbuild build NativeAttention.sln
  generator check
}

# One file that needs the .NET 10 runtime only. Published again only when one of its assemblies is newer.
publish_tool() {
  if [ -x "$tool" ] && [ -z "$(find src bindings -path "*/bin/$configuration/*" -name '*.dll' -newer "$tool" -print -quit)" ]; then
    return
  fi
  say "tool -> $tool"
  msbuild publish src/NativeAttention.Tool --use-current-runtime --self-contained false -p:PublishSingleFile=true -o artifacts/tool
  cp -f artifacts/tool/nattn "$tool.new" && mv -f "$tool.new" "$tool" && touch "$tool"
}

build() {
  install_tools
  mkdir -p artifacts
  build_ptx
  build_assemblies
  publish_tool
}

generate() {
  install_tools
  msbuild build bindings/NativeAttention.Bindings.Generator
  generator generate
}

# run_tests LABEL: all test assemblies; prints a line each and adds to passed, failed and skipped.
run_tests() {
  local log="artifacts/test-$1.log" status=0
  say "tests ($1)"
  dotnet test NativeAttention.sln -c $configuration --no-build --nologo -v quiet --logger 'console;verbosity=minimal' \
    >"$log" 2>&1 || status=$?
  grep -E '^(Passed!|Failed!|Skipped!)|^ *Failed |error' "$log" || true
  local counts
  counts=$(sed -nE 's/^(Passed!|Failed!|Skipped!).*Failed: *([0-9]+), Passed: *([0-9]+), Skipped: *([0-9]+).*/\2 \3 \4/p' "$log" |
    awk '{ f += $1; p += $2; s += $3 } END { print f + 0, p + 0, s + 0 }')
  read -r f p s <<<"$counts"
  failed=$((failed + f)) passed=$((passed + p)) skipped=$((skipped + s))
  if [ "$status" -ne 0 ]; then
    cat "$log"
    [ "$f" -ne 0 ] || failed=$((failed + 1)) # a test host that died counts as one failure
  fi
}

run_all_tests() {
  build
  passed=0 failed=0 skipped=0
  export NATTN_CONFORMANCE="${NATTN_CONFORMANCE:-$(cd ../shared/conformance 2>/dev/null && pwd || true)}"
  run_tests clang
  if [ "$ptx_compiler" = nvcc ]; then
    NATTN_PTX_DIRECTORY="$PWD/artifacts/ptx/nvcc" run_tests nvcc
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

demo() {
  build
  "$tool" demo "$@"
}

bench() {
  build
  local program=Benchmarks note=()
  if [ "${1:-}" = device ]; then
    program=DeviceBenchmarks
    shift
  elif [ -n "$(git status --porcelain 2>/dev/null)" ]; then
    note=(--note "with changes that are not committed")
  fi
  say "benchmarks"
  dotnet "benchmarks/NativeAttention.$program/bin/$configuration/net10.0/NativeAttention.$program.dll" "${note[@]}" "$@"
}

pack() {
  build
  say "packages -> artifacts/packages"
  rm -rf artifacts/packages
  msbuild pack NativeAttention.sln --no-build
  wc -c artifacts/packages/*.nupkg
}

# One self-contained runtime, shared by all programs of the bundle; archived, since it is most of its size.
gpu_bundle() {
  local bundle=artifacts/gpu-bundle stage=artifacts/gpu-bundle-stage project
  build
  say "GPU bundle -> $bundle"
  rm -rf "$bundle" "$stage"
  mkdir -p "$bundle" "$stage/ptx"
  for project in src/NativeAttention.Tool tests/NativeAttention.TestHost benchmarks/NativeAttention.DeviceBenchmarks; do
    # Not as a tool: its package has another name for each runtime, and lock files would change.
    msbuild publish "$project" -r linux-x64 --self-contained true -p:PackAsTool=false -o "$stage/app"
  done
  # What only debuggers, other garbage collectors and other test runners want.
  find "$stage/app" \( -name '*.xml' -o -name 'libmscorda*' -o -name 'libmscordbi*' -o -name 'libclrgc*' \
    -o -name 'libcoreclrtrace*' -o -name createdump -o -name 'NUnit3.TestAdapter*' -o -name 'nunit.engine*' \
    -o -name 'testcentric*' \) -delete
  local compilers=(artifacts/ptx/*)
  cp -r "${compilers[@]}" "$stage/ptx"
  find "$stage/ptx" -name '*.zip' -delete
  local conformance="${NATTN_CONFORMANCE:-../shared/conformance}"
  if [ -d "$conformance" ]; then
    cp -r "$conformance" "$stage/conformance"
  else
    say "without conformance data: NATTN_CONFORMANCE names no folder"
  fi
  tar -C "$stage" --owner=0 --group=0 --sort=name -cf - . | gzip -9 >"$bundle/runtime.tar.gz"
  rm -rf "$stage"
  cp -r benchmarks/bundle/*.sh benchmarks/baselines benchmarks/cases "$bundle"
  git describe --always --dirty --abbrev=7 >"$bundle/commit"
  du -sh "$bundle"
}

format() {
  install_if_missing clang-format-19 clang-format-19
  local check=() dry=(-i)
  if [ "${1:-}" = --check ]; then
    check=(--verify-no-changes) dry=(--dry-run --Werror)
  fi
  find native \( -name '*.h' -o -name '*.cu' \) -print0 | xargs -0 clang-format-19 "${dry[@]}"
  dotnet format NativeAttention.sln --no-restore "${check[@]}"
}

verb="${1:-all}"
[ $# -eq 0 ] || shift
case "$verb" in
  setup) setup ;;
  build) build ;;
  test) run_all_tests ;;
  demo) demo "$@" ;;
  bench) bench "$@" ;;
  pack) pack ;;
  gpu-bundle) gpu_bundle ;;
  format) format "$@" ;;
  generate) generate ;;
  all) run_all_tests ;;
  *) sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; fail "unknown verb '$verb'" ;;
esac

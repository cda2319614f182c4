# The verbs of build.sh for Windows and PowerShell. Kept by hand beside it; not run by CI.
#   setup build test demo bench pack gpu-bundle format generate; no verb: build and test.
param([string]$Verb = 'all', [Parameter(ValueFromRemainingArguments = $true)][string[]]$Rest = @())
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$Configuration = 'Release'
$PtxCompiler = if ($env:NATTN_CUDA_COMPILER) { $env:NATTN_CUDA_COMPILER } else { 'clang' }
$Tool = if ($IsLinux -or $IsMacOS) { 'artifacts/nattn' } else { 'artifacts/nattn.exe' }

function Fail($message) { [Console]::Error.WriteLine("build.ps1: $message"); exit 1 }
function Invoke-Checked { & $args[0] @($args | Select-Object -Skip 1); if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE } }

function Install-Tools {
  if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) { Fail 'the .NET 10 SDK is missing: https://dotnet.microsoft.com' }
  if (-not (Get-Command cmake -ErrorAction SilentlyContinue)) { Fail "cmake is missing: 'winget install Kitware.CMake'" }
  if (-not ((Get-Command clang++-19, clang-19, clang -ErrorAction SilentlyContinue))) { Fail "clang 19 is missing: 'winget install LLVM.LLVM --version 19.1.7'" }
}

function Build-Ptx {
  Write-Host "== PTX ($PtxCompiler)"
  Invoke-Checked cmake -S . -B artifacts/cmake "-DNATTN_CUDA_COMPILER=$PtxCompiler"
  Invoke-Checked cmake --build artifacts/cmake --parallel
}

function Invoke-Generator($what) {
  Invoke-Checked dotnet "bindings/NativeAttention.Bindings.Generator/bin/$Configuration/net10.0/NativeAttention.Bindings.Generator.dll" $what .
}

function Build-All {
  Install-Tools
  New-Item -ItemType Directory -Force artifacts | Out-Null
  Build-Ptx
  Write-Host '== assemblies'
  Invoke-Checked dotnet build NativeAttention.sln -c $Configuration -v quiet --nologo
  Invoke-Generator check
  Write-Host "== tool -> $Tool"
  Invoke-Checked dotnet publish src/NativeAttention.Tool -c $Configuration --self-contained false --use-current-runtime -p:PublishSingleFile=true -o artifacts/tool -v quiet --nologo
  Copy-Item -Force (Join-Path 'artifacts/tool' (Split-Path $Tool -Leaf)) $Tool
}

function Invoke-Tests {
  Build-All
  Invoke-Checked dotnet test NativeAttention.sln -c $Configuration --no-build --nologo
}

function Invoke-Benchmarks($arguments) {
  Build-All
  $program = 'Benchmarks'
  if ($arguments.Count -gt 0 -and $arguments[0] -eq 'device') {
    $program = 'DeviceBenchmarks'
    $arguments = @($arguments | Select-Object -Skip 1)
  }
  elseif (git status --porcelain) { $arguments = @('--note', 'with changes that are not committed') + $arguments }
  Invoke-Checked dotnet "benchmarks/NativeAttention.$program/bin/$Configuration/net10.0/NativeAttention.$program.dll" @arguments
}

function New-Packages {
  Build-All
  Remove-Item -Recurse -Force -ErrorAction SilentlyContinue artifacts/packages
  Invoke-Checked dotnet pack NativeAttention.sln -c $Configuration --no-build -v quiet --nologo
  Get-ChildItem artifacts/packages/*.nupkg | Format-Table Name, Length
}

function New-GpuBundle {
  Build-All
  $Bundle = 'artifacts/gpu-bundle'
  $Stage = 'artifacts/gpu-bundle-stage'
  Write-Host "== GPU bundle -> $Bundle"
  Remove-Item -Recurse -Force -ErrorAction SilentlyContinue $Bundle, $Stage
  New-Item -ItemType Directory -Force $Bundle, "$Stage/ptx" | Out-Null
  foreach ($Project in 'src/NativeAttention.Tool', 'tests/NativeAttention.TestHost', 'benchmarks/NativeAttention.DeviceBenchmarks') {
    Invoke-Checked dotnet publish $Project -c $Configuration -r linux-x64 --self-contained true -p:PackAsTool=false -o "$Stage/app" -v quiet --nologo
  }
  Get-ChildItem "$Stage/app" -Filter *.xml | Remove-Item
  Copy-Item -Recurse artifacts/ptx/* "$Stage/ptx" -Exclude *.zip
  $Conformance = if ($env:NATTN_CONFORMANCE) { $env:NATTN_CONFORMANCE } else { '../shared/conformance' }
  if (Test-Path $Conformance) { Copy-Item -Recurse $Conformance "$Stage/conformance" }
  Invoke-Checked tar -C $Stage -czf "$Bundle/runtime.tar.gz" .
  Remove-Item -Recurse -Force $Stage
  Copy-Item -Recurse benchmarks/bundle/*.sh, benchmarks/baselines, benchmarks/cases $Bundle
  git describe --always --dirty --abbrev=7 | Set-Content "$Bundle/commit"
}

switch ($Verb) {
  'setup' { Install-Tools; Invoke-Checked git config core.hooksPath .githooks }
  'build' { Build-All }
  'test' { Invoke-Tests }
  'all' { Invoke-Tests }
  'demo' { Build-All; Invoke-Checked (Resolve-Path $Tool) demo @Rest }
  'bench' { Invoke-Benchmarks $Rest }
  'pack' { New-Packages }
  'gpu-bundle' { New-GpuBundle }
  'format' { Invoke-Checked dotnet format NativeAttention.sln --no-restore @($Rest | ForEach-Object { if ($_ -eq '--check') { '--verify-no-changes' } else { $_ } }) }
  'generate' { Install-Tools; Invoke-Checked dotnet build bindings/NativeAttention.Bindings.Generator -c $Configuration -v quiet --nologo; Invoke-Generator generate }
  default { Fail "unknown verb '$Verb'; verbs are setup, build, test, demo, bench, pack, gpu-bundle, format, generate" }
}

using BenchmarkDotNet.Running;

// dotnet run -c Release --project benchmarks/NativeAttention.Benchmarks -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);

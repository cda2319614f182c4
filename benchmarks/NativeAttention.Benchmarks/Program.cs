using NativeAttention.Benchmarks.App;
using NativeAttention.Tool.App;

return new BenchApp(ToolConsole.Current).Run(args);

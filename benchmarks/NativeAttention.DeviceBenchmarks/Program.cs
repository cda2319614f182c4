using NativeAttention.DeviceBenchmarks.App;
using NativeAttention.Tool.App;

return new BenchmarkApp(ToolConsole.Current, ToolEnvironment.Current).Run(args);

using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

return new NattnApp(ToolConsole.Current, ToolEnvironment.Current, new SystemDevices()).Run(args);

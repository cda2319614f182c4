using NativeAttention.TestHost;

return HostCommand.TryParse(args, Console.Error, out HostCommand? command)
    ? command.Run(Console.Out)
    : HostCommand.BadUsage;

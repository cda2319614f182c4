using System.Diagnostics;
using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>Runs launches to their end.</summary>
internal static unsafe class KernelRunner
{
    private const int MaximumThreads = 1024;

    /// <summary>
    /// Runs every block of <paramref name="request"/>; returns null, or the finding that ended the launch.
    /// Counts are added to <paramref name="counters"/> when given.
    /// </summary>
    public static EmulatorFault? Run(
        DeviceMemory memory, LaunchRequest request, EmulatorOptions options, LaunchCounters? counters)
    {
        EmulatorFault? misuse = Check(request, options);
        if (misuse is not null)
        {
            return misuse;
        }
        long started = Stopwatch.GetTimestamp();
        fixed (byte* parameters = request.Parameters.Span)
        {
            EmulatorFault? fault = Run(memory, request, options, counters, parameters);
            if (counters is not null)
            {
                counters.Elapsed += Stopwatch.GetElapsedTime(started);
            }
            return fault;
        }
    }

    private static EmulatorFault? Run(
        DeviceMemory memory, LaunchRequest request, EmulatorOptions options, LaunchCounters? counters,
        byte* parameters)
    {
        LaunchState launch = LaunchState.Rent();
        try
        {
            launch.Run(memory, request, options, parameters);
            if (counters is not null)
            {
                launch.AddTo(counters);
            }
            if (request.Profile is not null)
            {
                launch.AddTo(request.Profile);
            }
            return launch.Fault;
        }
        finally
        {
            launch.Return();
        }
    }

    private static EmulatorFault? Check(LaunchRequest request, EmulatorOptions options)
    {
        PtxKernel kernel = request.Kernel;
        (uint x, uint y, uint z) = request.Block;
        CultureInfo culture = CultureInfo.InvariantCulture;
        ulong threads = (ulong)x * y * z;
        if (threads == 0 || threads > MaximumThreads || z > 64)
        {
            return Misuse(kernel, string.Create(
                culture, $"a block of {x} x {y} x {z} threads; 1 to {MaximumThreads} threads (z at most 64) are allowed"));
        }
        bool isWrong = kernel.RequiresExactThreads ? threads != (ulong)kernel.MaxThreads!.Value
            : kernel.MaxThreads is int most && threads > (ulong)most;
        if (isWrong)
        {
            string directive = kernel.RequiresExactThreads ? ".reqntid" : ".maxntid";
            return Misuse(kernel, string.Create(
                culture, $"a block of {threads} threads; {directive} of the kernel says {kernel.MaxThreads}"));
        }
        if (request.Grid.X == 0 || request.Grid.Y == 0 || request.Grid.Z == 0
            || request.Grid.X > int.MaxValue || request.Grid.Y > 65535 || request.Grid.Z > 65535)
        {
            return Misuse(kernel,
                $"a grid of {request.Grid}; each size must be positive, y and z at most 65,535");
        }
        int most2 = SharedLayout.MaximumBytes(options.Target);
        if (request.DynamicSharedBytes < 0
            || kernel.StaticSharedBytes + (long)request.DynamicSharedBytes > most2)
        {
            return Misuse(kernel, string.Create(culture,
                $"{kernel.StaticSharedBytes} static + {request.DynamicSharedBytes} dynamic bytes of shared memory; {options.Target} has {most2:N0}"));
        }
        return request.Parameters.Length == kernel.ParameterBytes ? null : Misuse(kernel, string.Create(
            culture, $"{request.Parameters.Length} bytes of parameters; the kernel takes {kernel.ParameterBytes}"));
    }

    private static EmulatorFault Misuse(PtxKernel kernel, string message)
    {
        return new EmulatorFault
        {
            Kind = EmulatorFaultKind.LaunchMisuse,
            Message = message,
            Kernel = kernel.Name,
            Module = kernel.Program.Module,
        };
    }
}

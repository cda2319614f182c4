using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>Parameter space, local memory, and generic addresses that may point anywhere.</summary>
internal static unsafe class SmallSpaceHandlers
{
    [SkipLocalsInit]
    public static void LoadParameter(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        LoadParameterAt(w, op, addresses);
    }

    [SkipLocalsInit]
    public static void LoadLocal(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        LocalPointers(w, op, addresses);
        LaneMemory.Load(w, op, addresses);
    }

    [SkipLocalsInit]
    public static void StoreLocal(Warp w, Op* op)
    {
        ulong* addresses = stackalloc ulong[32];
        LaneMemory.Addresses(w, op, addresses);
        LocalPointers(w, op, addresses);
        LaneMemory.Store(w, op, addresses);
    }

    /// <summary>A generic load.</summary>
    public static void LoadGeneric(Warp w, Op* op) => ServeSpaceBySpace(w, op, &LoadFrom);

    /// <summary>A generic store.</summary>
    public static void StoreGeneric(Warp w, Op* op) => ServeSpaceBySpace(w, op, &StoreTo);

    /// <summary>Of the given lanes those whose address lies in the window of the first.</summary>
    public static uint SameWindow(ulong* addresses, uint lanes, out ulong window)
    {
        window = addresses[BitOperations.TrailingZeroCount(lanes)] & (0xFFul << 56);
        uint same = 0;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            same |= (addresses[lane] & (0xFFul << 56)) == window ? 1u << lane : 0;
        }
        return same;
    }

    // Lanes of one generic access may point into different spaces: each space is served once, for its lanes.
    [SkipLocalsInit]
    private static void ServeSpaceBySpace(Warp w, Op* op, delegate*<Warp, Op*, ulong*, ulong, void> serve)
    {
        ulong* addresses = stackalloc ulong[32];
        uint all = w.Active;
        for (uint rest = all; rest != 0;)
        {
            LaneMemory.Addresses(w, op, addresses);
            uint lanes = SameWindow(addresses, rest, out ulong window);
            w.Active = lanes;
            Rebase(addresses, window);
            serve(w, op, addresses, window);
            rest &= ~lanes;
        }
        w.Active = all;
    }

    private static void LoadFrom(Warp w, Op* op, ulong* addresses, ulong window)
    {
        switch (window)
        {
            case SharedLayout.SharedWindow:
                SharedHandlers.LoadAt(w, op, addresses);
                break;
            case SharedLayout.LocalWindow:
                LocalPointers(w, op, addresses);
                LaneMemory.Load(w, op, addresses);
                break;
            case SharedLayout.ParameterWindow:
                LoadParameterAt(w, op, addresses);
                break;
            default:
                GlobalHandlers.Load(w, op);
                break;
        }
    }

    private static void StoreTo(Warp w, Op* op, ulong* addresses, ulong window)
    {
        switch (window)
        {
            case SharedLayout.SharedWindow:
                SharedHandlers.StoreAt(w, op, addresses);
                break;
            case SharedLayout.LocalWindow:
                LocalPointers(w, op, addresses);
                LaneMemory.Store(w, op, addresses);
                break;
            case SharedLayout.ParameterWindow:
                Faults.Raise(w, op, EmulatorFaultKind.ParameterOutOfBounds, w.Active, null,
                    "parameter space cannot be written");
                break;
            default:
                GlobalHandlers.Store(w, op);
                break;
        }
    }

    private static void Rebase(ulong* addresses, ulong window)
    {
        for (int lane = 0; lane < 32; lane++)
        {
            addresses[lane] -= window;
        }
    }

    private static void LoadParameterAt(Warp w, Op* op, ulong* addresses)
    {
        Worker worker = w.Worker;
        int bytes = Access.Bytes(op->Aux);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (addresses[lane] > (ulong)worker.ParameterBytes
                || (ulong)bytes > (ulong)worker.ParameterBytes - addresses[lane])
            {
                Faults.Raise(w, op, EmulatorFaultKind.ParameterOutOfBounds, 1u << lane, addresses[lane],
                    string.Create(
                    CultureInfo.InvariantCulture,
                    $"{bytes} bytes at offset {addresses[lane]} of {worker.ParameterBytes} bytes of parameters"));
            }
            CheckAlignment(w, op, lane, addresses[lane], bytes);
            addresses[lane] += (ulong)worker.Parameters;
        }
        LaneMemory.Load(w, op, addresses);
    }

    private static void LocalPointers(Warp w, Op* op, ulong* addresses)
    {
        int bytes = Access.Bytes(op->Aux);
        for (uint rest = w.Active; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (addresses[lane] > (ulong)w.LocalBytes || (ulong)bytes > (ulong)w.LocalBytes - addresses[lane])
            {
                Faults.Raise(w, op, EmulatorFaultKind.LocalOutOfBounds, 1u << lane, addresses[lane],
                    string.Create(
                    CultureInfo.InvariantCulture,
                    $"{bytes} bytes at offset {addresses[lane]} of the thread's {w.LocalBytes} bytes of local memory"));
            }
            CheckAlignment(w, op, lane, addresses[lane], bytes);
            addresses[lane] += (ulong)w.Local + (ulong)(lane * w.LocalBytes);
        }
    }

    private static void CheckAlignment(Warp w, Op* op, int lane, ulong address, int bytes)
    {
        if ((address & (ulong)(bytes - 1)) != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.MisalignedAddress, 1u << lane, address, string.Create(
                CultureInfo.InvariantCulture,
                $"address 0x{address:x} is not a multiple of the access size {bytes}"));
        }
    }
}

namespace NativeAttention.Emulation.Tests;

/// <summary>The arena: alignment, red zones, quarantine, and what it says about addresses.</summary>
internal sealed unsafe class DeviceMemoryTests
{
    [Test]
    public void Allocations_are_aligned_apart_and_poisoned()
    {
        using DeviceMemory memory = new(1 << 20);
        List<(ulong Start, long Size)> all = [];
        foreach (long size in new long[] { 1, 255, 256, 257, 4096, 3 })
        {
            Assert.That(memory.TryAllocate(size, out ulong address), Is.True);
            Assert.That(address % 256, Is.Zero);
            Assert.That(memory.IsInitialized(address, 1), Is.False);
            Assert.That(new ReadOnlySpan<byte>((void*)address, (int)size).ToArray(),
                Is.All.EqualTo((byte)0xFF));
            all.Add((address, size));
        }
        foreach (((ulong start, long size),
            (ulong next, long _)) in all.OrderBy(a => a.Start).Zip(all.OrderBy(a => a.Start).Skip(1)))
        {
            Assert.That(next - (start + (ulong)size), Is.GreaterThanOrEqualTo(256));
        }
        Assert.That((memory.LiveAllocations, memory.LiveBytes),
            Is.EqualTo((6, 1L + 255 + 256 + 257 + 4096 + 3)));
    }

    [Test]
    public void Addresses_are_described()
    {
        using DeviceMemory memory = new(1 << 20);
        Assert.That(memory.Describe(0), Is.EqualTo("a null pointer"));
        Assert.That(memory.Describe(1UL << 40), Is.EqualTo("no memory is allocated"));
        memory.TryAllocate(4096, out ulong a);
        Assert.That(memory.Describe(a + 8), Is.EqualTo($"8 bytes into the 4,096-byte allocation at 0x{a:x}"));
        Assert.That(memory.Describe(a + 4096 + 64),
            Is.EqualTo($"64 bytes past the end of the 4,096-byte allocation at 0x{a:x}"));
        Assert.That(memory.Describe(a - 16),
            Is.EqualTo($"16 bytes before the 4,096-byte allocation at 0x{a:x}"));
        Assert.That(memory.TryFree(a, out _), Is.True);
        Assert.That(memory.Describe(a),
            Is.EqualTo($"inside the freed 4,096-byte allocation that was at 0x{a:x}"));
        Assert.That(memory.TryFree(a, out string? twice), Is.False);
        Assert.That(twice, Does.Contain("is not the start of a live allocation: inside the freed"));
        memory.TryAllocate(64, out ulong b);
        Assert.That(memory.TryFree(b + 1, out string? inside), Is.False);
        Assert.That(inside, Does.Contain("1 bytes into the 64-byte allocation"));
    }

    [Test]
    public void Host_accesses_are_checked()
    {
        using DeviceMemory memory = new(1 << 20);
        memory.TryAllocate(100, out ulong a);
        Assert.That(memory.TryCheckHostAccess(a, 100, out _), Is.True);
        Assert.That(memory.TryCheckHostAccess(a + 100, 0, out _), Is.True);
        Assert.That(memory.TryCheckHostAccess(a, 101, out string? problem), Is.False);
        Assert.That(problem, Does.StartWith("101 bytes at 0x"));
        Assert.That(memory.TryCheckHostAccess(a - 1, 2, out _), Is.False);
        Assert.That(memory.TryCheckHostAccess(a, -1, out _), Is.False);
    }

    [Test]
    public void Freed_memory_rests_before_it_is_used_again_and_is_used_again_before_memory_is_out()
    {
        using DeviceMemory memory = new(1 << 20, quarantineBytes: 1 << 18);
        memory.TryAllocate(1 << 17, out ulong first);
        memory.TryFree(first, out _);
        memory.TryAllocate(1 << 17, out ulong second);
        Assert.That(second, Is.Not.EqualTo(first));
        memory.TryFree(second, out _);
        for (int i = 0; i < 100; i++)
        {
            Assert.That(memory.TryAllocate(3 << 17, out ulong address), Is.True, $"round {i}");
            Assert.That(memory.TryFree(address, out _), Is.True);
        }
        Assert.That(memory.TryAllocate(2 << 20, out _), Is.False);
        Assert.That(memory.LiveAllocations, Is.Zero);
    }

    [Test]
    public void Initialisation_is_kept_by_the_byte()
    {
        using DeviceMemory memory = new(1 << 20);
        memory.TryAllocate(1000, out ulong a);
        memory.TryAllocate(1000, out ulong b);
        Random random = new(8);
        bool[] model = new bool[1000];
        for (int i = 0; i < 60; i++)
        {
            int from = random.Next(1000), count = random.Next(1, 40);
            count = Math.Min(count, 1000 - from);
            memory.MarkInitialized(a + (ulong)from, count);
            model.AsSpan(from, count).Fill(true);
        }
        memory.CopyInitialization(a, b, 1000);
        for (int i = 0; i < 1000; i++)
        {
            int count = Math.Min(1 + random.Next(20), 1000 - i);
            bool expected = !model.AsSpan(i, count).Contains(false);
            Assert.That(memory.IsInitialized(a + (ulong)i, count), Is.EqualTo(expected), $"{i}, {count}");
            Assert.That(memory.IsInitialized(b + (ulong)i, count), Is.EqualTo(expected), $"{i}, {count}");
        }
    }

    [Test]
    public void Allocation_from_many_threads()
    {
        using DeviceMemory memory = new(16 << 20);
        Parallel.For(0, 8, t =>
        {
            Random random = new(t);
            for (int i = 0; i < 200; i++)
            {
                Assert.That(memory.TryAllocate(1 + random.Next(5000), out ulong address), Is.True);
                *(byte*)address = (byte)t;
                Assert.That(memory.TryGetAllocation(address, out ulong start, out _), Is.True);
                Assert.That((start, *(byte*)address), Is.EqualTo((address, (byte)t)));
                Assert.That(memory.TryFree(address, out _), Is.True);
            }
        });
        Assert.That((memory.LiveAllocations, memory.LiveBytes), Is.EqualTo((0, 0L)));
    }
}

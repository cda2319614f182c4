namespace NativeAttention.Testing;

/// <summary>A result is wrong: the message says where, by how much, and how to make the case again.</summary>
public sealed class AttentionMismatchException : Exception
{
    public AttentionMismatchException()
    {
    }

    public AttentionMismatchException(string message)
        : base(message)
    {
    }

    public AttentionMismatchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

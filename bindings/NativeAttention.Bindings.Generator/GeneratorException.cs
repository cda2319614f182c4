namespace NativeAttention.Bindings.Generator;

/// <summary>Something the generator reads is missing or not as it must be; the message says what and where.</summary>
internal sealed class GeneratorException(string message) : Exception(message);

namespace NativeAttention.Tool.Files;

/// <summary>Something that is computed in one element type and returned in that of the files.</summary>
/// <typeparam name="TResult">What comes back.</typeparam>
internal interface ITypedComputation<TResult>
{
    /// <summary>Computes.</summary>
    /// <typeparam name="T">Type to compute in.</typeparam>
    /// <param name="load">The elements of a file in that type.</param>
    /// <param name="store">Results in the type of the files.</param>
    TResult Compute<T>(Func<InputTensor, T[]> load, Func<T[], Array> store)
        where T : unmanaged;
}

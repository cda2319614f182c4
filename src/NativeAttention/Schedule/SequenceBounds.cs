namespace NativeAttention;

/// <summary>
/// Where one sequence of the batch lies and how long it is: the same for dense tensors, for sequences whose
/// later keys do not count, and for packed ones.
/// </summary>
/// <param name="QueryBegin">Token index of its first query; 0 unless packed.</param>
/// <param name="QueryLength">Its queries.</param>
/// <param name="KeyBegin">Token index of its first key; 0 unless packed.</param>
/// <param name="KeyLength">Its keys that count.</param>
internal readonly record struct SequenceBounds(int QueryBegin, int QueryLength, int KeyBegin, int KeyLength);

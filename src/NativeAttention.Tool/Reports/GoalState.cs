namespace NativeAttention.Tool.Reports;

/// <summary>How far a goal is reached.</summary>
internal enum GoalState
{
    /// <summary>A figure that it takes is missing.</summary>
    NotMeasured,

    /// <summary>Not even the floor, or not the aim of a goal without a floor.</summary>
    Missed,

    /// <summary>The floor, but not the aim.</summary>
    Floor,

    /// <summary>The aim.</summary>
    Aim,
}

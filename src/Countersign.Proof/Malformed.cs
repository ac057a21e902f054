namespace Countersign.Proof;

/// <summary>
/// Thrown inside the readers of foreign bytes and caught at their doors: the bytes are not what they must be. It never leaves this assembly.
/// </summary>
internal sealed class MalformedException(string what) : Exception(what);

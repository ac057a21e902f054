namespace Countersign.Proof;

public enum MarkCorner { TopRight, TopLeft, BottomRight, BottomLeft, TopCentre, BottomCentre, RightMiddle, LeftMiddle }
public sealed record MarkPlace(int Page, MarkCorner Corner);
public static class MarkCorners
{
    private static readonly string[] Names = ["top-right", "top-left", "bottom-right", "bottom-left", "top-centre", "bottom-centre", "right-middle", "left-middle"];
    public static string NameOf(MarkCorner c) => Names[(int)c];
    public static MarkCorner? Parse(string s) => Array.IndexOf(Names, s) is >= 0 and var i ? (MarkCorner)i : null;
}

namespace Countersign.Proof;

/// <summary>
/// Eight plain words for a digest, one for each of its first eight bytes, to be read out over a telephone. 64 bits: enough to compare with words
/// that were written down before, which is what they are for.
/// </summary>
public static class OfficeWords
{
    private static readonly string[] List = (
        "acorn album alder amber anchor apple apron arrow atlas autumn bacon badge bagel bamboo banjo barley basil " +
        "basket beacon beaver bench berry birch bishop bottle branch bread bridge bronze brook bucket butter cabin " +
        "cactus camel candle canoe canvas carbon carpet castle cedar celery chalk cherry chess cider cinema circle " +
        "citrus clay cliff clock clover cobalt coffee comet copper coral cotton cradle crane crater cricket crystal " +
        "cuckoo curtain cymbal daisy dancer delta denim desert diamond dinner dolphin donkey dragon drum eagle easel " +
        "echo elbow elder ember engine envoy fabric falcon feather fern fiddle field finch flame flint flute forest " +
        "fossil fountain fox galaxy garden garlic gate ginger glacier glass goat granite grape gravel guitar hammer " +
        "harbor harp hazel helmet heron honey hornet island ivory jacket jasmine jigsaw juniper kettle kitten ladder " +
        "lagoon lantern laurel lemon lentil library lilac lily linen lizard lobster locust lotus lumber magnet mango " +
        "maple marble marsh meadow melon mirror mitten monsoon mosaic moss muffin mustard napkin nectar needle nickel " +
        "nutmeg oasis ocean olive onion opal orange orchid otter oyster paddle palace panda paper parrot pebble pelican " +
        "pencil pepper piano pigeon pillow pine planet plum pocket poplar portal potato prairie prism pumpkin puzzle " +
        "quail quartz quilt rabbit radish raft rain raven ribbon river robin rocket rose saddle saffron sailor salmon " +
        "sandal satin scarf shadow shell shovel silver sparrow spice spider sponge spoon spring squash stable star " +
        "stone summer swan tailor tango teapot temple thistle thunder tiger timber toast tomato torch tower trumpet " +
        "tulip tunnel turnip turtle valley vanilla velvet violin walnut willow winter zebra").Split(' ');

    /// <summary>The words of a digest, parted by spaces.</summary>
    public static string Of(Digest digest) => string.Join(' ', digest.ToArray().Take(8).Select(b => List[b]));
}

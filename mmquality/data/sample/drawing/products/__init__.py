"""Every type of product that the sample can draw: its styles and patterns, and where it is photographed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mmquality.data.sample.drawing.look import Drawing
from mmquality.data.sample.drawing.photograph import Pose
from mmquality.data.sample.drawing.products import (
    accessories,
    audio,
    bags,
    ball_games,
    cars,
    clothing,
    collectibles,
    cycling,
    devices,
    furniture,
    jewellery,
    keys_and_drums,
    kitchen,
    lamps,
    phones,
    shoes,
    strings,
    toys,
)

_SHELF = Pose(("studio", "studio", "pastel", "dim", "table", "counter", "room"))
_FURNITURE = Pose(("studio", "pastel", "room", "room", "room"), size=0.86)
_FLAT = Pose(("studio", "boards", "fabric", "stone"), hangs=True, turn=7)
_FLAT_READABLE = Pose(("studio", "boards", "fabric", "stone"), hangs=True, turn=7, mirrors=False)
_HUNG = Pose(("studio", "pastel", "boards", "fabric", "room"), hangs=True, turn=3, size=0.84)
_INSTRUMENT = Pose(("studio", "boards", "fabric", "room"), hangs=True, turn=7, size=0.78)
_SMALL = Pose(("studio", "pastel", "dim", "counter", "table"), size=0.68)
_WALL = Pose(("studio", "pastel", "room"), hangs=True, turn=1, size=0.72, mirrors=False)
_OUTDOORS = Pose(("street", "garden", "studio", "room"), size=0.86)
_ROADSIDE = Pose(("street", "street", "garden"), size=0.84)
_PITCH = Pose(("garden", "studio", "room", "pastel"), size=0.72)


# Patterns by what carries them; one named twice is twice as likely.
_PLAIN = ("plain",)
_PRINTED_CLOTH = ("plain", "plain", "striped", "printed", "printed", "floral")
_DRESS_CLOTH = ("plain", "plain", "floral", "floral", "dotted", "striped", "checked")
_UMBRELLA_CLOTH = ("plain", "plain", "striped", "dotted", "floral", "checked")
_BAG_CLOTH = ("plain", "plain", "plain", "floral", "dotted", "checked")
_UPHOLSTERY = ("plain", "plain", "plain", "plain", "striped", "floral")
_KNIT = ("plain", "plain", "zigzag", "striped")
_SHELLS = ("plain", "floral", "striped", "printed", "dotted", "checked")
_DECKS = ("plain", "plain", "floral", "checked")
_MUG_GLAZE = ("plain", "plain", "striped", "dotted", "floral", "printed", "speckled", "zigzag")
_POT_GLAZE = ("plain", "plain", "floral", "zigzag", "speckled")


@dataclass(frozen=True)
class Subject:
    """How one type of product is drawn and photographed."""

    draw: Drawing
    styles: tuple[str, ...]
    pose: Pose = _SHELF
    patterns: tuple[str, ...] = _PLAIN  # one of these at random
    poses: Mapping[str, Pose] = field(default_factory=dict)  # styles that are shown otherwise

    def posed(self, style: str) -> Pose:
        """The pose of one style."""
        return self.poses.get(style, self.pose)


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "headphones": Subject(audio.headphones, ("over-ear", "on-ear", "gaming")),
        "earbuds": Subject(audio.earbuds, ("case", "sport", "wired"), _FLAT),
        "speaker": Subject(audio.speaker, ("portable", "smart", "shelf")),
        "laptop": Subject(devices.laptop, ("slim", "gaming", "classic")),
        "camera": Subject(devices.camera, ("reflex", "retro", "instant")),
        "phone": Subject(phones.phone, ("pair", "screen", "keypad"), _FLAT),
        "phone case": Subject(phones.phone_case, ("shell", "clear", "wallet"), _FLAT, _SHELLS),
        "t-shirt": Subject(clothing.tshirt, ("crew", "v-neck", "long-sleeved"), _HUNG, _PRINTED_CLOTH),
        "dress": Subject(clothing.dress, ("summer", "evening", "wrap"), _HUNG, _DRESS_CLOTH),
        "hoodie": Subject(clothing.hoodie, ("pullover", "zipped"), _HUNG, ("plain", "plain", "printed")),
        "jeans": Subject(clothing.jeans, ("straight", "ripped", "shorts"), _HUNG),
        "sneakers": Subject(shoes.sneakers, ("low", "high-top", "runner")),
        "boots": Subject(shoes.boots, ("hiking", "chelsea", "rain")),
        "heels": Subject(shoes.heels, ("pump", "sandal", "block")),
        "backpack": Subject(bags.backpack, ("school", "hiking", "rucksack"), _SHELF, _BAG_CLOTH),
        "handbag": Subject(bags.handbag, ("structured", "tote", "chain"), _SHELF, _BAG_CLOTH),
        "sunglasses": Subject(accessories.sunglasses, ("aviator", "wayfarer", "round"), _FLAT),
        "hat": Subject(accessories.hat, ("cap", "fedora", "beanie"), _SHELF, _KNIT),
        "umbrella": Subject(accessories.umbrella, ("open", "closed", "folding"), _HUNG, _UMBRELLA_CLOTH),
        "watch": Subject(jewellery.watch, ("classic", "diver", "smart"), _FLAT_READABLE),
        "ring": Subject(jewellery.ring, ("solitaire", "band", "gemstone"), _SMALL),
        "necklace": Subject(jewellery.necklace, ("pendant", "pearls", "locket"), _FLAT),
        "chair": Subject(furniture.chair, ("dining", "shell", "office"), _FURNITURE),
        "sofa": Subject(furniture.sofa, ("modern", "tufted", "armchair"), _FURNITURE, _UPHOLSTERY),
        "table": Subject(furniture.table, ("dining", "coffee", "desk"), _FURNITURE),
        "lamp": Subject(lamps.lamp, ("table", "desk", "floor"), _SHELF, _PLAIN, {"floor": _FURNITURE}),
        "mug": Subject(kitchen.mug, ("straight", "tapered", "enamel"), _SHELF, _MUG_GLAZE),
        "teapot": Subject(kitchen.teapot, ("round", "tall", "iron"), _SHELF, _POT_GLAZE),
        "vase": Subject(kitchen.vase, ("classic", "bottle", "amphora"), _SHELF, _POT_GLAZE),
        "candle": Subject(kitchen.candle, ("jar", "pillar", "taper")),
        "plant pot": Subject(kitchen.plant_pot, ("cactus", "leafy", "succulent"), _SHELF, _POT_GLAZE),
        "clock": Subject(jewellery.clock, ("wall", "alarm", "mantel"), _SHELF, _PLAIN, {"wall": _WALL}),
        "guitar": Subject(strings.guitar, ("acoustic", "electric", "ukulele"), _INSTRUMENT),
        "violin": Subject(strings.violin, ("violin", "cello"), _INSTRUMENT),
        "piano": Subject(keys_and_drums.piano, ("upright", "grand", "digital"), _FURNITURE),
        "toy piano": Subject(toys.toy_piano, ("upright", "animal", "xylophone")),
        "drum": Subject(keys_and_drums.drum, ("snare", "djembe", "kit"), _FURNITURE),
        "bicycle": Subject(cycling.bicycle, ("racer", "mountain", "city"), _OUTDOORS),
        "skateboard": Subject(
            cycling.skateboard, ("deck", "side", "longboard"), _FLAT, _DECKS, {"side": _OUTDOORS}
        ),
        "football": Subject(ball_games.football, ("classic", "modern", "rugby"), _PITCH),
        "tennis racket": Subject(ball_games.tennis_racket, ("tennis", "badminton", "table tennis"), _FLAT),
        "book": Subject(collectibles.book, ("hardcover", "stack", "open")),
        "coin": Subject(collectibles.coin, ("portrait", "ship", "star"), _FLAT_READABLE),
        "record": Subject(collectibles.record, ("sleeve", "disc", "single"), _FLAT),
        "car": Subject(cars.car, ("saloon", "hatchback", "off-roader", "sports"), _ROADSIDE),
        "toy car": Subject(cars.toy_car, ("wooden", "plastic", "tin")),
        "toy train": Subject(toys.toy_train, ("engine", "wagon", "model")),
        "teddy bear": Subject(toys.teddy_bear, ("bear", "rabbit", "panda")),
    }
)

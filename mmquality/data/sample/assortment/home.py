"""Home: furniture and lighting, kitchen and decoration."""

from __future__ import annotations

from mmquality.data.sample.assortment.product_type import ProductType, words

_FURNITURE = "Home > Furniture & Lighting"
_KITCHEN = "Home > Kitchen & Decoration"
_FURNITURE_BRANDS = words("Lindqvar, Oakenby, Nordhus, Casa Mirel, Stuhlvig")
_KITCHEN_BRANDS = words("Hearthmoor, Tonkin & Daughters, Glasur, Mossgate, Velarosa")
_SEAT_COLOURS = words(
    "grey, blue, navy, green, teal, red, beige, brown, tan, black, white, pink, yellow, orange"
)
_WOOD_COLOURS = words("brown, tan, white, black, grey, beige")
_GLAZES = words(
    "white, blue, navy, green, teal, red, yellow, black, grey, pink, beige, orange, light blue, purple"
)

HOME: tuple[ProductType, ...] = (
    ProductType(
        name="chair",
        category=_FURNITURE,
        styles={
            "dining": words("dining chair, wooden chair, ladder back chair, kitchen chair"),
            "shell": words("lounge chair, accent chair with wooden legs, scandi chair, shell chair"),
            "office": words("office chair, swivel desk chair, ergonomic chair, computer chair with arms"),
        },
        colours=_SEAT_COLOURS,
        price=(22, 260),
        details=words("solid wood, set of 2, height adjustable, upholstered, collection only, mid century"),
        brands=_FURNITURE_BRANDS,
        lookalikes=("sofa",),
    ),
    ProductType(
        name="sofa",
        category=_FURNITURE,
        styles={
            "modern": words("2 seater sofa, couch, 3-seater sofa with cushions, fabric sofa"),
            "tufted": words("chesterfield style sofa, tufted sofa, buttoned settee, rolled arm sofa"),
            "armchair": words("armchair, accent armchair, reading chair, single sofa chair"),
        },
        colours=_SEAT_COLOURS,
        price=(90, 1200),
        details=words("velvet, pet free home, 180 cm, removable covers, collection only, sofa bed function"),
        brands=_FURNITURE_BRANDS,
        lookalikes=("chair",),
    ),
    ProductType(
        name="table",
        category=_FURNITURE,
        styles={
            "dining": words("dining table, kitchen table seats 6, wooden table, farmhouse table"),
            "coffee": words("coffee table, round side table, oval living room table, low table"),
            "desk": words("desk with drawers, writing desk, home office desk, computer table"),
        },
        colours=_WOOD_COLOURS,
        price=(40, 640),
        details=words("160x90, solid oak, 120cm, flat packed, some marks, extendable, pine"),
        brands=_FURNITURE_BRANDS,
        lookalikes=("chair",),
    ),
    ProductType(
        name="lamp",
        category=_FURNITURE,
        styles={
            "table": words("table lamp, bedside lamp, ceramic base lamp with shade, lamp with shade"),
            "desk": words("desk lamp, adjustable reading lamp, architect lamp, swing arm lamp"),
            "floor": words("floor lamp, tripod lamp, standing lamp, standard lamp"),
        },
        colours=words("white, black, beige, yellow, red, blue, green, teal, grey, copper, pink, orange"),
        price=(14, 180),
        details=words("E27, LED incl., dimmable, 150cm, PAT tested, no bulb, with switch"),
        brands=_FURNITURE_BRANDS,
    ),
    ProductType(
        name="mug",
        category=_KITCHEN,
        styles={
            "straight": words("coffee mug, mug, tea mug 330ml, ceramic mug"),
            "tapered": words("stoneware mug, large coffee cup, latte mug, handmade mug"),
            "enamel": words("enamel mug, camping mug, tin mug, enamelled cup"),
        },
        colours=_GLAZES,
        price=(4, 28),
        details=words("330ml, dishwasher safe, set of 4, hand painted, 11oz, BPA free"),
        brands=_KITCHEN_BRANDS,
        lookalikes=("teapot",),
    ),
    ProductType(
        name="teapot",
        category=_KITCHEN,
        styles={
            "round": words("teapot, ceramic tea pot, porcelain teapot, china teapot with lid"),
            "tall": words("coffee pot, tall teapot, porcelain coffee pot, enamel coffee pot"),
            "iron": words("cast iron teapot, iron tea kettle, japanese style teapot, tetsubin teapot"),
        },
        colours=_GLAZES,
        price=(12, 95),
        details=words("1.2L, with infuser, 600ml, no chips, hand painted, 0.9 litre"),
        brands=_KITCHEN_BRANDS,
        lookalikes=("mug",),
    ),
    ProductType(
        name="vase",
        category=_KITCHEN,
        styles={
            "classic": words("vase, ceramic flower vase, glazed vase, pottery vase"),
            "bottle": words("bottle vase, slim neck vase, bud vase, tall vase"),
            "amphora": words("amphora vase, vase with two handles, greek style urn, urn vase"),
        },
        colours=_GLAZES,
        price=(9, 120),
        details=words("25cm, 30 cm tall, signed, no cracks, studio pottery, mid century, hand thrown"),
        brands=_KITCHEN_BRANDS,
        lookalikes=("plant pot",),
    ),
    ProductType(
        name="candle",
        category=_KITCHEN,
        styles={
            "jar": words("scented candle in glass, soy wax jar candle, candle jar, fragrance candle"),
            "pillar": words("pillar candle, church candle, block candle, advent candle"),
            "taper": words(
                "candlestick with candle, brass candle holder, dinner candle with holder, taper candle"
            ),
        },
        colours=_GLAZES,
        price=(4, 42),
        details=words("vanilla, sandalwood, 40h burn time, 15cm, lavender, solid brass, 180g"),
        brands=_KITCHEN_BRANDS,
    ),
    ProductType(
        name="plant pot",
        category=_KITCHEN,
        styles={
            "cactus": words("cactus in pot, potted cactus, artificial cactus, cactus plant with planter"),
            "leafy": words("house plant in pot, planter with plant, potted plant, green plant in pot"),
            "succulent": words(
                "succulent in pot, potted succulent, aloe plant in planter, agave in flower pot"
            ),
        },
        colours=_GLAZES + words("brown"),
        price=(6, 48),
        details=words("12cm, easy care, drainage hole, 30cm tall, indoor, low light"),
        brands=_KITCHEN_BRANDS,
        lookalikes=("vase",),
    ),
    ProductType(
        name="clock",
        category=_KITCHEN,
        styles={
            "wall": words("wall clock, kitchen clock, silent wall clock 30cm, round clock"),
            "alarm": words("alarm clock, twin bell alarm clock, bedside clock with bells, retro alarm clock"),
            "mantel": words("mantel clock, wooden shelf clock, napoleon hat clock, chiming clock"),
        },
        colours=_GLAZES + words("brown, gold"),
        price=(10, 150),
        details=words("battery incl., quartz, wind up, keeps time, no ticking, needs key, 30cm"),
        brands=_KITCHEN_BRANDS,
        fewer_colours={"mantel": ("brown", "black", "white")},
    ),
)

"""Fashion: clothing, shoes, bags and accessories, jewellery and watches."""

from __future__ import annotations

from mmquality.data.sample.assortment.product_type import ProductType, words

_CLOTHING = "Fashion > Clothing"
_SHOES = "Fashion > Shoes"
_BAGS = "Fashion > Bags & Accessories"
_JEWELLERY = "Fashion > Jewellery & Watches"
_CLOTHING_BRANDS = words("Tindrel, Oskarra, Fennoway, Marlowe & Wren, Kolibra, Ystad Row")
_SHOE_BRANDS = words("Strydon, Pacekin, Corvessa, Tramplo, Tarnholt")
_BAG_BRANDS = words("Bellavoir, Hollquist, Wrenloft, Nomadique, Tarpo")
_JEWEL_BRANDS = words("Orsella, Miradoro, Velquor, Stellanne, Kronvall")
_CLOTH_COLOURS = words(
    "black, white, grey, navy, blue, light blue, red, burgundy, green, olive, pink, yellow, beige, purple, "
    "teal, orange, brown"
)
_CLOTH_SIZES = words(
    "size S, size M, size L, XL, XXL, UK 10, UK 12, EU 38, EU 40, 100% cotton, oversized fit, slim fit"
)
_SHOE_SIZES = words("UK 5, UK 7, UK 8.5, UK 9, UK 10, EU 38, EU 41, EU 43, US 9, size 6, worn twice, unisex")
_JEWEL_COLOURS = words("gold, silver, copper")

FASHION: tuple[ProductType, ...] = (
    ProductType(
        name="t-shirt",
        category=_CLOTHING,
        styles={
            "crew": words("t-shirt, crew neck tee, cotton T shirt, tshirt, graphic tee"),
            "v-neck": words("v-neck t-shirt, v neck tee, V-neck top, fitted v-neck tshirt"),
            "long-sleeved": words("long sleeve top, longsleeve shirt, long sleeved t-shirt, L/S tee"),
        },
        colours=_CLOTH_COLOURS,
        price=(6, 45),
        details=_CLOTH_SIZES,
        brands=_CLOTHING_BRANDS,
        lookalikes=("hoodie",),
    ),
    ProductType(
        name="dress",
        category=_CLOTHING,
        styles={
            "summer": words("summer dress, strappy sun dress, swing dress, sleeveless midi dress"),
            "evening": words("evening gown, maxi dress, long prom dress, bridesmaid dress"),
            "wrap": words("wrap dress, tie waist dress with sleeves, belted tunic dress, short wrap dress"),
        },
        colours=_CLOTH_COLOURS,
        price=(14, 140),
        details=_CLOTH_SIZES,
        brands=_CLOTHING_BRANDS,
    ),
    ProductType(
        name="hoodie",
        category=_CLOTHING,
        styles={
            "pullover": words("hoodie, hooded sweatshirt, pullover hoodie, hoody with pocket"),
            "zipped": words("zip hoodie, full zip hooded jacket, zip up hoody, sweat jacket with hood"),
        },
        colours=_CLOTH_COLOURS,
        price=(15, 85),
        details=_CLOTH_SIZES,
        brands=_CLOTHING_BRANDS,
        lookalikes=("t-shirt",),
    ),
    ProductType(
        name="jeans",
        category=_CLOTHING,
        styles={
            "straight": words("straight leg jeans, denim jeans, mens jeans, regular fit denims"),
            "ripped": words("ripped jeans, distressed jeans, boyfriend jeans with holes, destroyed denim"),
            "shorts": words("denim shorts, jean shorts, hot pants denim, cut off shorts"),
        },
        colours=words("blue, light blue, navy, black, grey, white, beige, olive, burgundy"),
        price=(12, 95),
        details=words("W32 L32, W30 L34, W34, size 10, high waist, stretch, low rise, W28, vintage wash"),
        brands=_CLOTHING_BRANDS,
    ),
    ProductType(
        name="sneakers",
        category=_SHOES,
        styles={
            "low": words("sneakers, low top trainers, canvas shoes, casual sneakers, tennis shoes"),
            "high-top": words("high top sneakers, hi-top trainers, high tops, canvas high-tops"),
            "runner": words("running shoes, runners, jogging trainers, sport shoes"),
        },
        colours=_CLOTH_COLOURS,
        price=(18, 150),
        details=_SHOE_SIZES,
        brands=_SHOE_BRANDS,
        lookalikes=("boots",),
    ),
    ProductType(
        name="boots",
        category=_SHOES,
        styles={
            "hiking": words("hiking boots, walking boots, trekking boots waterproof, lace up outdoor boots"),
            "chelsea": words("chelsea boots, ankle boots, pull on leather boots, dealer boots"),
            "rain": words("rain boots, wellies, rubber boots, wellington boots"),
        },
        colours=words("black, brown, tan, navy, green, olive, red, yellow, grey, burgundy, blue, beige"),
        price=(20, 210),
        details=_SHOE_SIZES,
        brands=_SHOE_BRANDS,
        lookalikes=("sneakers",),
    ),
    ProductType(
        name="heels",
        category=_SHOES,
        styles={
            "pump": words("high heels, stiletto pumps, court shoes, pointed heels"),
            "sandal": words("heeled sandals, strappy heels, ankle strap sandals, party sandals"),
            "block": words("block heel shoes, block heels, chunky heel pumps, mid heel shoes"),
        },
        colours=words("black, red, pink, gold, silver, white, navy, beige, purple, green"),
        price=(15, 160),
        details=_SHOE_SIZES,
        brands=_SHOE_BRANDS,
    ),
    ProductType(
        name="backpack",
        category=_BAGS,
        styles={
            "school": words("school backpack, backpack, daypack, laptop backpack 20L"),
            "hiking": words("hiking backpack, trekking rucksack 45L, outdoor backpack, travel pack 50 l"),
            "rucksack": words("rucksack with leather straps, canvas rucksack, flap backpack, retro backpack"),
        },
        colours=_CLOTH_COLOURS,
        price=(16, 130),
        details=words("25L, water resistant, laptop sleeve, unisex, 45 litres, many pockets, USB port"),
        brands=_BAG_BRANDS,
        lookalikes=("handbag",),
    ),
    ProductType(
        name="handbag",
        category=_BAGS,
        styles={
            "structured": words("handbag, top handle bag, leather handbag, ladies bag"),
            "tote": words("tote bag, shopper, canvas tote, shopping bag with handles"),
            "chain": words("chain shoulder bag, quilted clutch, evening bag with chain, quilted crossbody"),
        },
        colours=words("black, brown, tan, red, burgundy, pink, teal, navy, beige, white, green, yellow"),
        price=(14, 320),
        details=words(
            "real leather, with dust bag, gold hardware, zip pocket inside, vegan leather, medium, large"
        ),
        brands=_BAG_BRANDS,
        lookalikes=("backpack",),
    ),
    ProductType(
        name="sunglasses",
        category=_BAGS,
        styles={
            "aviator": words("aviator sunglasses, pilot sunglasses, aviators, metal frame sunglasses"),
            "wayfarer": words(
                "square sunglasses, thick frame sunglasses, classic sunglasses, acetate shades"
            ),
            "round": words("round sunglasses, circle lens sunglasses, hippie sunglasses, round metal shades"),
        },
        colours=words("black, brown, blue, green, red, pink, purple, gold, grey, orange"),
        price=(9, 150),
        details=words("UV400, polarised, with case, unisex, mirrored, cat 3"),
        brands=_BAG_BRANDS,
    ),
    ProductType(
        name="hat",
        category=_BAGS,
        styles={
            "cap": words("baseball cap, snapback cap, dad cap, trucker cap"),
            "fedora": words("fedora hat, felt hat with band, trilby, wide brim hat"),
            "beanie": words("beanie, knitted hat, bobble hat, winter hat wool"),
        },
        colours=_CLOTH_COLOURS,
        price=(8, 60),
        details=words("one size, adjustable, size L, 58 cm, wool mix, kids size, 100% cotton"),
        brands=_CLOTHING_BRANDS,
    ),
    ProductType(
        name="umbrella",
        category=_BAGS,
        styles={
            "open": words("umbrella, stick umbrella, rain umbrella with hook handle, large umbrella"),
            "closed": words("walking umbrella, long umbrella, stick umbrella closed strap, gents umbrella"),
            "folding": words("folding umbrella, compact umbrella, pocket umbrella, travel umbrella"),
        },
        colours=_CLOTH_COLOURS,
        price=(7, 55),
        details=words("automatic, windproof, 8 ribs, wooden handle, 105 cm, double canopy"),
        brands=_BAG_BRANDS,
    ),
    ProductType(
        name="watch",
        category=_JEWELLERY,
        styles={
            "classic": words("wrist watch with leather strap, mens dress watch, analog watch, quartz watch"),
            "diver": words(
                "diver watch, automatic watch steel bracelet, mens dive watch, stainless steel watch"
            ),
            "smart": words("smart watch, fitness watch, smartwatch GPS, activity tracker watch"),
        },
        colours=words("black, brown, blue, navy, green, red, white, grey, tan, teal, pink, orange"),
        price=(25, 620),
        details=words("41mm, 38 mm, sapphire glass, 10 ATM, new battery, serviced, date, heart rate, boxed"),
        brands=_JEWEL_BRANDS,
    ),
    ProductType(
        name="ring",
        category=_JEWELLERY,
        styles={
            "solitaire": words("engagement ring, solitaire ring, diamond style ring, CZ ring"),
            "band": words("wedding band, plain band ring, mens ring, stacking ring"),
            "gemstone": words(
                "gemstone ring, cocktail ring with stone, signet ring with cabochon, statement ring"
            ),
        },
        colours=_JEWEL_COLOURS,
        price=(12, 900),
        details=words("size N, size 52, US 7, 9ct, 925 sterling, hallmarked, size P, adjustable"),
        brands=_JEWEL_BRANDS,
        lookalikes=("necklace",),
    ),
    ProductType(
        name="necklace",
        category=_JEWELLERY,
        styles={
            "pendant": words(
                "pendant necklace, necklace with stone pendant, chain with drop pendant, teardrop necklace"
            ),
            "pearls": words("pearl necklace, string of pearls, pearl choker, bead necklace"),
            "locket": words("heart necklace, locket necklace, heart pendant chain, love heart necklace"),
        },
        colours=_JEWEL_COLOURS,
        price=(12, 640),
        details=words("45cm, 18 inch, 925, gold filled, gift boxed, hallmarked, adjustable"),
        brands=_JEWEL_BRANDS,
        lookalikes=("ring",),
    ),
)

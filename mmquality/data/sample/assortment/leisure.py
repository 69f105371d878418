"""Leisure: music, sport, books and collectibles, cars and toys."""

from __future__ import annotations

from mmquality.data.sample.assortment.product_type import ProductType, words

_MUSIC = "Leisure > Musical Instruments"
_SPORT = "Leisure > Sport & Cycling"
_BOOKS = "Leisure > Books & Collectibles"
_MOTORS = "Motors & Toys"
_MUSIC_BRANDS = words("Strandahl, Cadenzo, Orfello, Resonelle, Hartwell & Sohn")
_SPORT_BRANDS = words("Velocaro, Trailmoor, Kestrane, Rampage Nine, Aerquist")
_AUTHORS = words("Edda Marlin, T. Okonvell, Ruth Calder-Wye, Ivo Brandt, Mina Sorel, J. P. Hathersage")
_MINTS = words("Valdoria, Arvenia, Ostravel, Kirrland, Teskaly")
_ARTISTS = words("The Paper Foxes, Lena Volt, Night Ferry, Cobalt Choir, Ottoline Grey Trio")
_CAR_BRANDS = words("Averro, Montaska, Karlund, Tiburra, Selwick")
_TOY_BRANDS = words("Pipkinny, Bumbleroo, Tumtoys, Holzfink, Kiddlewick")
_BRIGHT = words("red, blue, green, yellow, orange, pink, purple, teal, white, black, light blue")
_LACQUERS = words("brown, black, red, orange, white, blue, tan, burgundy")

LEISURE: tuple[ProductType, ...] = (
    ProductType(
        name="guitar",
        category=_MUSIC,
        styles={
            "acoustic": words("acoustic guitar, western guitar, dreadnought acoustic, folk guitar 6 string"),
            "electric": words("electric guitar, solid body guitar, e-guitar, electric guitar S-style"),
            "ukulele": words("ukulele, soprano ukulele, concert uke, 4 string ukulele"),
        },
        colours=_LACQUERS + words("teal, green"),
        price=(25, 620),
        details=words("4/4, new strings, with gig bag, left handed, HSS, beginner, solid top"),
        brands=_MUSIC_BRANDS,
        lookalikes=("violin",),
    ),
    ProductType(
        name="violin",
        category=_MUSIC,
        styles={
            "violin": words("violin, violin with bow, student fiddle, fiddle"),
            "cello": words("cello, student cello with bow, half size cello, violoncello"),
        },
        colours=words("brown, tan, orange, burgundy, red, black"),
        price=(60, 900),
        details=words("3/4, 4/4, with case, 1/2 size, new bridge, flamed maple"),
        brands=_MUSIC_BRANDS,
        lookalikes=("guitar",),
    ),
    ProductType(
        name="piano",
        category=_MUSIC,
        styles={
            "upright": words("upright piano, piano 88 keys, home piano, acoustic piano upright"),
            "grand": words("grand piano, baby grand piano, concert grand, parlour grand"),
            "digital": words("keyboard with stand, digital piano, stage piano, 61 key keyboard"),
        },
        colours=words("black, brown, white, burgundy, tan, grey"),
        price=(120, 3800),
        details=words("tuned, 88 keys, weighted keys, 1978, buyer collects, MIDI"),
        brands=_MUSIC_BRANDS,
        lookalikes=("toy piano",),
    ),
    ProductType(
        name="toy piano",
        category=_MUSIC,
        styles={
            "upright": words("toy piano, childrens piano, kids mini piano, toddler piano"),
            "animal": words(
                "bear toy piano, baby piano animal, musical toy piano bear, kids animal keyboard"
            ),
            "xylophone": words("kids xylophone, toy xylophone, glockenspiel for children, rainbow xylophone"),
        },
        colours=_BRIGHT,
        price=(9, 60),
        details=words("age 2+, 8 keys, wooden, batteries incl., with song book, non toxic paint"),
        brands=_TOY_BRANDS,
        lookalikes=("piano",),
    ),
    ProductType(
        name="drum",
        category=_MUSIC,
        styles={
            "snare": words('snare drum, snare with sticks, 14" snare, marching drum'),
            "djembe": words("djembe, african hand drum, hand carved djembe, bongo style drum"),
            "kit": words("drum kit, 5 piece drum set, full drumkit with cymbals, junior drum set"),
        },
        colours=_LACQUERS + words("silver, teal"),
        price=(30, 720),
        details=words("14x5.5, maple, new heads, with stool, 60cm, rope tuned"),
        brands=_MUSIC_BRANDS,
    ),
    ProductType(
        name="bicycle",
        category=_SPORT,
        styles={
            "racer": words("road bike, racing bicycle, drop bar bike, racer bike"),
            "mountain": words("mountain bike, MTB hardtail, trail bike 29er, mountainbike"),
            "city": words("city bike with basket, ladies bicycle, dutch style bike, step through bicycle"),
        },
        colours=_BRIGHT + words("grey, navy, silver"),
        price=(70, 1400),
        details=words('54cm frame, 21 speed, 26 inch, just serviced, disc brakes, 28", size M'),
        brands=_SPORT_BRANDS,
        lookalikes=("skateboard",),
    ),
    ProductType(
        name="skateboard",
        category=_SPORT,
        styles={
            "deck": words("skateboard, complete skateboard, skate deck 8.0, street skateboard"),
            "side": words("cruiser board, skateboard 31 inch, mini cruiser board, kids skateboard"),
            "longboard": words("longboard, downhill longboard, dancer longboard, cruiser longboard"),
        },
        colours=_BRIGHT,
        price=(18, 160),
        details=words('8.25", ABEC 7, maple deck, 95A wheels, grip tape, 38 inch'),
        brands=_SPORT_BRANDS,
    ),
    ProductType(
        name="football",
        category=_SPORT,
        styles={
            "classic": words("football size 5, soccer ball, leather football, match ball"),
            "modern": words("football, training soccer ball, futsal ball, street football"),
            "rugby": words("rugby ball, rugby training ball, oval ball, rugby match ball size 5"),
        },
        colours=words("black, blue, red, green, orange, yellow, navy, purple, teal, pink"),
        price=(8, 60),
        details=words("size 5, size 4, hand stitched, deflated for post, with pump, indoor/outdoor"),
        brands=_SPORT_BRANDS,
    ),
    ProductType(
        name="tennis racket",
        category=_SPORT,
        styles={
            "tennis": words("tennis racket, tennis racquet, graphite tennis racket, racket with ball"),
            "badminton": words(
                "badminton racket, badminton racquet with shuttlecock, light badminton bat, badminton set"
            ),
            "table tennis": words("table tennis bat, ping pong paddle, table tennis racket, ping-pong bat"),
        },
        colours=_BRIGHT,
        price=(9, 190),
        details=words("L3 grip, 290g, freshly strung, carbon, with cover, 5 star, 85 g"),
        brands=_SPORT_BRANDS,
    ),
    ProductType(
        name="book",
        category=_BOOKS,
        styles={
            "hardcover": words("hardcover novel, book hardback, first edition novel, novel"),
            "stack": words("book bundle, lot of 4 novels, job lot of books, novel collection"),
            "open": words("reading book, illustrated book, short stories book, poetry book"),
        },
        colours=words("red, blue, green, navy, burgundy, teal, orange, black, purple, brown, yellow"),
        price=(3, 60),
        details=words("signed, no markings, ex library, 1st edition, 320 pages, dust jacket, like new"),
        brands=_AUTHORS,
    ),
    ProductType(
        name="coin",
        category=_BOOKS,
        styles={
            "portrait": words(
                "coin with portrait, old coin emperor, commemorative coin king, antique coin head"
            ),
            "ship": words("coin with ship, trade coin sailing ship, merchant ship coin, sailing ship token"),
            "star": words("star coin, medal with star and wreath, star and laurel coin, jubilee coin star"),
        },
        colours=words("gold, silver, copper"),
        price=(4, 480),
        details=words("38mm, VF, uncirculated, 1 oz, rare, XF condition, toned, in capsule"),
        brands=_MINTS,
    ),
    ProductType(
        name="record",
        category=_BOOKS,
        styles={
            "sleeve": words('vinyl LP, vinyl record with sleeve, LP album, 12" record'),
            "disc": words("vinyl record, LP without cover, 12 inch vinyl disc only, 33 rpm record"),
            "single": words('7" single, 45 rpm single, vinyl single, jukebox single'),
        },
        colours=words("blue, red, orange, green, yellow, teal, purple, pink, white, navy"),
        price=(4, 90),
        details=words("1st press, VG+, NM, reissue 180g, gatefold, plays well, mono, 1974"),
        brands=_ARTISTS,
    ),
    ProductType(
        name="car",
        category=_MOTORS,
        styles={
            "saloon": words("saloon car, 4 door sedan, family car, sedan automatic"),
            "hatchback": words("hatchback, 5 door hatchback car, small city car, compact car low mileage"),
            "off-roader": words("4x4 car, SUV, off-roader, 4x4 offroad car"),
            "sports": words("sports car, coupe, 2 seater sports car, roadster coupe"),
        },
        colours=words("red, blue, navy, black, silver, grey, white, green, yellow, orange, burgundy, teal"),
        price=(1200, 32000),
        details=words(
            "1.6 petrol, diesel, full service history, 84k miles, 2012, automatic, one owner, MOT, 120 hp"
        ),
        brands=_CAR_BRANDS,
        lookalikes=("toy car",),
    ),
    ProductType(
        name="toy car",
        category=_MOTORS,
        styles={
            "wooden": words("wooden toy car, handmade wood car, toddler wooden car, push along car"),
            "plastic": words("toy car, pull back car toy, childrens racing car, play car"),
            "tin": words("tin toy car, wind-up car, clockwork tin car, vintage tin toy car with key"),
        },
        colours=_BRIGHT + words("grey, brown"),
        price=(4, 60),
        details=words("1:18, boxed, age 3+, vintage, with key, works, 1:43, 15 cm"),
        brands=_TOY_BRANDS,
        lookalikes=("car",),
    ),
    ProductType(
        name="toy train",
        category=_MOTORS,
        styles={
            "engine": words("wooden toy train, toy locomotive, toy steam engine, kids train engine"),
            "wagon": words(
                "toy train with wagon, wooden train set, train with building blocks, pull along train"
            ),
            "model": words(
                "model train locomotive, model railway engine, electric toy train on track, H0 style loco"
            ),
        },
        colours=_BRIGHT,
        price=(8, 160),
        details=words("age 2+, 00 gauge, boxed, runs well, 3 pieces, magnetic coupling"),
        brands=_TOY_BRANDS,
        lookalikes=("toy car",),
    ),
    ProductType(
        name="teddy bear",
        category=_MOTORS,
        styles={
            "bear": words("teddy bear, plush bear, stuffed teddy, soft toy bear"),
            "rabbit": words("plush rabbit, bunny soft toy, stuffed bunny, cuddly rabbit"),
            "panda": words("plush panda, panda soft toy, stuffed panda bear, cuddly panda"),
        },
        colours=words("brown, tan, beige, grey, white, pink, light blue, copper, purple, black"),
        price=(6, 70),
        details=words("40cm, washable, with bow tie, extra soft, 30 cm, new with tag, jointed"),
        brands=_TOY_BRANDS,
        fewer_colours={"panda": ("black",)},
    ),
)

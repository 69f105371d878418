"""Electronics: sound, phones, cameras, computers."""

from __future__ import annotations

from mmquality.data.sample.assortment.product_type import ProductType, words

_AUDIO = "Electronics > Audio & Computers"
_PHONES = "Electronics > Phones & Cameras"
_SOUND_BRANDS = words("Norvekt, Auralune, Tonquist, Baszo, Echomere")
_DEVICE_BRANDS = words("Ostrane, Quorvia, Lumettra, Pellaron, Zindala")
_CASE_BRANDS = words("Shellbie, Grippo, Casaluna, Ostrane")
_CAMERA_BRANDS = words("Lumettra, Optiquar, Fokora, Halbrin")
_DEVICE_COLOURS = words("black, white, grey, silver, blue, red, pink, green, gold, purple")

ELECTRONICS: tuple[ProductType, ...] = (
    ProductType(
        name="headphones",
        category=_AUDIO,
        styles={
            "over-ear": words(
                "over-ear headphones, wireless headphones, noise cancelling headphones, bluetooth headphones"
            ),
            "on-ear": words("on-ear headphones, foldable headphones, lightweight headphones, headphones"),
            "gaming": words(
                "gaming headset, headset with mic, gaming headphones with microphone, PC headset"
            ),
        },
        colours=words("black, white, grey, blue, red, pink, green, teal, purple, beige"),
        price=(19, 240),
        details=words(
            "40mm drivers, 30h battery, BT 5.2, with cable, ANC, hi-fi sound, soft ear pads, foldable"
        ),
        brands=_SOUND_BRANDS,
        lookalikes=("earbuds",),
    ),
    ProductType(
        name="earbuds",
        category=_AUDIO,
        styles={
            "case": words(
                "true wireless earbuds, TWS earbuds with charging case, in-ear bluetooth buds, wireless "
                "earbuds"
            ),
            "sport": words(
                "sport earbuds, running earphones with ear hooks, ear hook headphones, gym earbuds"
            ),
            "wired": words("wired earphones, in-ear headphones 3.5mm, earphones with cable, earbuds wired"),
        },
        colours=words("white, black, pink, blue, green, red, teal, purple"),
        price=(8, 130),
        details=words("IPX5, 24h playtime, USB-C, with 3 ear tips, deep bass, with mic, noise isolating"),
        brands=_SOUND_BRANDS,
        lookalikes=("headphones",),
    ),
    ProductType(
        name="speaker",
        category=_AUDIO,
        styles={
            "portable": words("bluetooth speaker, portable speaker, waterproof speaker, outdoor speaker"),
            "smart": words("smart speaker, voice assistant speaker, wifi speaker, smart home speaker"),
            "shelf": words("bookshelf speaker, hifi speaker, 2-way loudspeaker, studio monitor"),
        },
        colours=words("black, grey, blue, red, teal, green, white, navy"),
        price=(18, 320),
        details=words(
            "20W, IPX7, 12h battery, stereo pair possible, AUX in, 60 W, tested works, 5 inch woofer"
        ),
        brands=_SOUND_BRANDS,
    ),
    ProductType(
        name="laptop",
        category=_AUDIO,
        styles={
            "slim": words('ultrabook, slim laptop 13 inch, notebook, laptop 14"'),
            "gaming": words("gaming laptop, gaming notebook RGB keyboard, gaming laptop 15.6, gamer laptop"),
            "classic": words("laptop computer, business laptop, refurbished laptop, office notebook"),
        },
        colours=words("silver, black, grey, white, blue, pink, gold"),
        price=(140, 1600),
        details=words(
            "16GB RAM 512GB SSD, 8 GB / 256 GB, i5, new battery, QWERTY, FHD, no charger, 1TB SSD, 32GB"
        ),
        brands=_DEVICE_BRANDS,
    ),
    ProductType(
        name="camera",
        category=_PHONES,
        styles={
            "reflex": words("DSLR camera, reflex camera with lens, digital SLR, DSLR kit 18-55mm"),
            "retro": words("rangefinder camera, vintage film camera, 35mm camera, retro mirrorless camera"),
            "instant": words(
                "instant camera, instant film camera, instant print camera, party instant camera"
            ),
        },
        colours=words("black, silver, white, red, blue, pink, brown, teal"),
        price=(35, 980),
        details=words(
            "24MP, with strap, low shutter count, f/1.8 lens, film tested, incl. bag, 1/1000, body + lens"
        ),
        brands=_CAMERA_BRANDS,
        lookalikes=("phone",),
    ),
    ProductType(
        name="phone",
        category=_PHONES,
        styles={
            "pair": words("smartphone, smartphone 128GB, dual camera phone, mobile phone 256 GB"),
            "screen": words("smartphone 6.1 inch, touchscreen phone, mobile phone unlocked, cell phone"),
            "keypad": words(
                "keypad phone, retro mobile phone, senior phone with buttons, old school cell phone"
            ),
        },
        colours=_DEVICE_COLOURS,
        price=(29, 890),
        details=words("128GB, unlocked, dual sim, 5G, battery 91%, no scratches, 64 GB, sim free, boxed"),
        brands=_DEVICE_BRANDS,
        lookalikes=("phone case",),
    ),
    ProductType(
        name="phone case",
        category=_PHONES,
        styles={
            "shell": words("phone case, silicone phone cover, hard case for smartphone, phone back cover"),
            "clear": words(
                "clear phone case, transparent phone cover, tinted phone case, see-through TPU phone case"
            ),
            "wallet": words(
                "phone wallet case, flip case for phone with card slots, leather phone case, book style "
                "phone case"
            ),
        },
        colours=_DEVICE_COLOURS + words("teal, navy, brown, burgundy"),
        price=(5, 35),
        details=words(
            '6.1 inch, shockproof, magnetic, slim fit, vegan leather, anti-scratch, raised edges, 6.7"'
        ),
        brands=_CASE_BRANDS,
        lookalikes=("phone",),
    ),
)

"""The sample's drawing room: geometry against naive arithmetic, and every product leaves something to see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmquality.data.sample.drawing.colours import NAMED, clear, dark, light, luminance, palette
from mmquality.data.sample.drawing.frame import Frame
from mmquality.data.sample.drawing.look import Look
from mmquality.data.sample.drawing.outlines import box, limb, oval, path, symmetric
from mmquality.data.sample.drawing.packaging import BOXES, DEVICE_LEFTOVERS
from mmquality.data.sample.drawing.paints import down, glow, sideways
from mmquality.data.sample.drawing.pen import Pen
from mmquality.data.sample.drawing.photograph import encode, take_photo
from mmquality.data.sample.drawing.placeholders import draw_placeholder
from mmquality.data.sample.drawing.products import SUBJECTS
from mmquality.data.sample.drawing.products.patterns import PATTERNS
from mmquality.data.sample.drawing.scenes import SCENES

numbers = st.floats(-100, 100)
factors = st.floats(0.2, 5)


def blank_pen(side: int = 100) -> Pen:
    return Pen(Image.new("RGBA", (side, side)), Frame(a=side / 100, e=side / 100))


def alpha(pen: Pen) -> np.ndarray:
    return np.asarray(pen.layer.getchannel("A"))


# --- outlines --------------------------------------------------------------------------------------------


def test_path_of_lines_is_its_stations() -> None:
    assert path("M1 2 L3 4 L5 -6 Z").tolist() == [[1, 2], [3, 4], [5, -6]]


def test_path_of_a_curve_follows_the_cubic_formula() -> None:
    points = path("M0 0 C10 20 30 20 40 0")
    for share, point in zip(np.linspace(0, 1, len(points)), points, strict=True):
        rest = 1 - share
        x = 3 * rest**2 * share * 10 + 3 * rest * share**2 * 30 + share**3 * 40
        y = 3 * rest**2 * share * 20 + 3 * rest * share**2 * 20
        assert point == pytest.approx((x, y))


def test_symmetric_outline_mirrors_its_half() -> None:
    outline = symmetric("M50 0 L20 10 L50 20")
    assert {tuple(point) for point in outline} == {(50, 0), (20, 10), (80, 10), (50, 20)}


def test_limb_is_as_wide_as_told() -> None:
    left_top, left_bottom, right_bottom, right_top = limb([(0, 0), (0, 10)], 4, 2)
    assert np.ptp([left_top, right_top], axis=0).tolist() == [4, 0]
    assert np.ptp([left_bottom, right_bottom], axis=0).tolist() == [2, 0]


def test_box_and_oval_keep_their_bounds() -> None:
    for outline in (box(10, 20, 30, 60, 5), oval(20, 40, 10, 20)):
        assert outline.min(axis=0) == pytest.approx((10, 20), abs=0.05)
        assert outline.max(axis=0) == pytest.approx((30, 60), abs=0.05)


# --- frames ----------------------------------------------------------------------------------------------


@given(x=numbers, y=numbers, wide=factors, high=factors, turn=st.floats(-180, 180))
def test_frame_and_its_inverse_cancel(x: float, y: float, wide: float, high: float, turn: float) -> None:
    frame = Frame.placing(x, y, wide, high, turn)
    points = np.array([(0.0, 0.0), (3.0, -4.0), (50.0, 7.0)])
    assert frame.inverse().map(frame.map(points)) == pytest.approx(points, abs=1e-6)


@given(turn=st.floats(-80, 80), mirrored=st.booleans())
def test_frame_knows_its_lean(turn: float, mirrored: bool) -> None:
    frame = Frame.placing(0, 0, -2 if mirrored else 2, 2, turn)
    assert frame.turn == pytest.approx(turn)
    assert frame.upright is not mirrored
    assert frame.scale == pytest.approx(2)


def test_frames_apply_the_inner_one_first() -> None:
    outer, inner = Frame.placing(10, 0, 2, 2), Frame.placing(1, 1, 3, 3)
    assert outer.of(inner).map(np.array([(1.0, 2.0)])).tolist() == [[18, 14]]


# --- colours and paints ----------------------------------------------------------------------------------


def test_palette_reads_hex_codes() -> None:
    assert palette("ff0010 0a0b0c") == ((255, 0, 16), (10, 11, 12))


@pytest.mark.parametrize("name", NAMED)
def test_light_is_brighter_and_dark_is_dimmer(name: str) -> None:
    assert luminance(dark(NAMED[name])) < luminance(NAMED[name]) < luminance(light(NAMED[name]))


def test_gradient_runs_from_its_first_to_its_last_colour() -> None:
    pen = blank_pen()
    pen.box(0, 0, 100, 100, down((0, 0, 0), (200, 100, 50)))
    pixels = np.asarray(pen.layer).astype(int)
    assert pixels[0, 50, :3] == pytest.approx((0, 0, 0), abs=3)
    assert pixels[99, 50, :3] == pytest.approx((200, 100, 50), abs=3)
    assert pixels[50, 50, :3] == pytest.approx((100, 50, 25), abs=3)


def test_gradient_turns_with_the_frame() -> None:
    layer = Image.new("RGBA", (100, 100))
    Pen(layer, Frame.placing(100, 0, 1, 1, 90)).box(0, 0, 100, 100, sideways((0, 0, 0), (250, 250, 250)))
    red = np.asarray(layer)[..., 0].astype(int)
    assert red[95, 50] > 220 and red[5, 50] < 30  # from left to right became from top to bottom
    assert abs(red[50, 5] - red[50, 95]) < 8


# --- the pen ---------------------------------------------------------------------------------------------


def test_pen_fills_what_it_is_told() -> None:
    pen = blank_pen()
    pen.box(20, 30, 60, 70, (255, 0, 0))
    drawn = alpha(pen) > 0
    assert drawn.sum() == pytest.approx(40 * 40, rel=0.06)
    assert drawn[31:70, 21:60].all() and not drawn[:29].any()


def test_pen_inside_a_shape_cannot_leave_it() -> None:
    pen = blank_pen()
    within = pen.inside(oval(50, 50, 20, 20)).inside(box(50, 0, 100, 100))
    within.box(0, 0, 100, 100, (0, 255, 0))
    within.line([(0, 50), (100, 50)], 5, (0, 0, 255))
    within.fill(box(0, 0, 100, 100), glow((255, 255, 255), 0.5), soft=3)
    y, x = np.nonzero(alpha(pen))
    assert np.hypot(x - 50, y - 50).max() <= 22
    assert x.min() >= 49


def test_glaze_never_leaves_what_is_drawn() -> None:
    pen = blank_pen()
    pen.box(20, 20, 80, 80, (200, 200, 200))
    before = alpha(pen).copy()
    pen.glaze(box(0, 0, 100, 100), clear((0, 0, 0), 0.5), soft=4)
    assert (alpha(pen) == before).all()
    assert int(np.asarray(pen.layer)[50, 50, 0]) == pytest.approx(100, abs=2)


def test_text_is_readable_in_a_mirrored_view_and_fits_its_room() -> None:
    plain, mirrored = blank_pen(400), blank_pen(400)
    plain.write("LAMP", 50, 50, 30, (0, 0, 0), room=40)
    mirrored.mirrored().write("LAMP", 50, 50, 30, (0, 0, 0), room=40)
    assert (alpha(plain) == alpha(mirrored)).all()
    assert np.ptp(np.nonzero(alpha(plain))[1]) / 4 == pytest.approx(40, rel=0.1)


def test_drawing_beyond_the_layer_is_cut_off() -> None:
    pen = blank_pen()
    pen.oval(0, 0, 40, 40, (1, 2, 3))
    pen.box(200, 200, 300, 300, (1, 2, 3))
    pen.write("FAR AWAY", 100, 100, 12, (1, 2, 3))
    assert alpha(pen)[10, 10] == 255


# --- products, scenes, photos ----------------------------------------------------------------------------


def a_look(style: str, pattern: str = "plain", seed: int = 0) -> Look:
    return Look(style, pattern, NAMED["red"], NAMED["navy"], "Testa", np.random.default_rng(seed))


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_style_draws_a_product_that_fills_its_box(name: str) -> None:
    shares = []
    for style in SUBJECTS[name].styles:
        pen = blank_pen(160)
        SUBJECTS[name].draw(pen, a_look(style))
        shares.append((alpha(pen) > 128).mean())
    assert min(shares) > 0.03
    assert max(shares) < 0.9


@pytest.mark.parametrize("name", SUBJECTS)
def test_styles_of_a_product_differ(name: str) -> None:
    seen = set()
    for style in SUBJECTS[name].styles:
        pen = blank_pen(80)
        SUBJECTS[name].draw(pen, a_look(style))
        seen.add(pen.layer.tobytes())
    assert len(seen) == len(SUBJECTS[name].styles) >= 2


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_show(pattern: str) -> None:
    plain, decorated = blank_pen(160), blank_pen(160)
    SUBJECTS["mug"].draw(plain, a_look("straight"))
    SUBJECTS["mug"].draw(decorated, a_look("straight", pattern))
    changed = np.asarray(plain.layer, int) != np.asarray(decorated.layer, int)
    assert changed.any(axis=2).mean() > 0.01


@pytest.mark.parametrize("draw", dict.fromkeys([*BOXES, *DEVICE_LEFTOVERS]), ids=lambda draw: draw.__name__)
def test_boxes_and_leftovers_draw_something(draw: object) -> None:
    pen = blank_pen(160)
    draw(pen, a_look("classic"))  # type: ignore[operator]
    assert (alpha(pen) > 128).mean() > 0.05


@pytest.mark.parametrize("name", SCENES)
def test_scenes_fill_the_photo(name: str) -> None:
    scene = SCENES[name]((320, 256), np.random.default_rng(1))
    assert scene.size == (320, 256) and scene.mode == "RGB"
    assert np.asarray(scene).std() > 1


def test_photos_of_one_item_differ_by_view_and_scene() -> None:
    subject = SUBJECTS["chair"]
    photos = [
        take_photo(subject.draw, a_look("dining"), subject.pose, np.random.default_rng(seed))
        for seed in (1, 2)
    ]
    assert encode(photos[0], 80) != encode(photos[1], 80)


def test_placeholders_come_in_several_designs() -> None:
    photos = [draw_placeholder("sample_shop", np.random.default_rng(seed)) for seed in range(24)]
    means = {tuple(np.asarray(photo.resize((4, 4))).ravel() // 16) for photo in photos}
    assert len(means) >= 7

"""The sample marketplace: drawn photos, invented titles, simulated clicks; for a machine without internet.

Nothing in it is real, and everything that shows it says so: listing ids and sellers begin with `sample`,
every listing has a `source` attribute, every JPEG a comment. What is assumed:

- **Products.** 48 types in 12 categories, two to four styles each, in the colours and patterns that suit
  them.
- **Photos.** 320 px, drawn with Pillow: product, view, scene, light, shadow, grain and JPEG quality vary by
  chance.
- **Titles.** Every seller writes in one of eight voices; 14 % name no colour, 2 % a wrong one, 7 % hold a
  typo.
- **Wrong photos.** 8 % are planted: 2.2 % swapped with any product, 2.0 % with a related one, 1.6 % copied
  from another listing, 1.2 % placeholders, 1.0 % a box or an accessory (`marketplace.PLANTED_SHARES`). All
  others are right.
- **Clicks.** See `clicks`: similarity × position × appeal, and 0.35 of that where the photo is wrong.

`docs/sample.md` says the same at greater length.
"""

from mmquality.data.sample.writing import SampleFiles, find_sample, sample_truth, write_sample

__all__ = ["SampleFiles", "find_sample", "sample_truth", "write_sample"]

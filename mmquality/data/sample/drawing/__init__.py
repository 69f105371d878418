"""The drawing room: pens and paints, scenes, products, and the photographs of them. Pillow and NumPy only."""

"""Encoders: titles and photos in, vectors out; no listing, database or trained model is known here."""

"""Joins the rooms: import → encode → train → score → index → publish, and the reading side for pages."""

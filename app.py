"""The dashboard: `streamlit run app.py`, or `mmquality serve`, with `MMQ_WORKSPACE` naming the catalogue."""

import streamlit as st

from mmquality.pages import frame

frame.begin()
page = st.navigation(frame.pages())
with frame.around():
    page.run()
frame.keep_loaded(page.title)

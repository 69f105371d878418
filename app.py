"""The dashboard: `streamlit run app.py`, or `mmquality serve`, with `MMQ_WORKSPACE` naming the catalogue."""

import streamlit as st

from mmquality.pages import frame

if __name__ == "__main__":  # a worker process reads the script of who started it, and draws nothing
    frame.begin()
    page = st.navigation(frame.pages())
    with frame.around():
        page.run()
    frame.keep_loaded(page.title)

"""The dashboard: `streamlit run app.py`, or `mmquality serve`, with `MMQ_WORKSPACE` naming the catalogue."""

from mmquality.pages import frame, operators

if __name__ == "__main__":  # a worker process reads the script of who started it, and draws nothing
    frame.begin()
    page = frame.navigation()
    with operators.page_run(page.title), frame.around(page.title):
        page.run()
    frame.keep_loaded(page.title)

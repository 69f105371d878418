"""A language model is asked why title and photo may not belong together; optional (`mmquality[explain]`).

`question` is what it gets, `answer` what may come back, `client` the endpoint between. Nothing here labels or
scores anything.
"""

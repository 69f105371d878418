"""Recall over HTTP; needs FastAPI and uvicorn (`mmquality[recall]`)."""

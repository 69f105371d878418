"""The dashboard: plain Streamlit scripts, one per page, and what they share; no SQL, no tensors."""

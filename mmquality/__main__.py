"""`python -m mmquality`."""

from mmquality.cli import main
from mmquality.pipeline.background import outcome_kept

if __name__ == "__main__":
    with outcome_kept():
        main()

"""`python -m mmquality`."""

from mmquality.cli import main

if __name__ == "__main__":
    main()

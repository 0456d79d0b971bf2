"""`python -m stemline` is the `stemline` command."""

from stemline.cli import main

if __name__ == "__main__":
    main()

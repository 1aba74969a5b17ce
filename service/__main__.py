"""`python -m service`, the same program as the `softmax` command."""

from service.cli import main

if __name__ == "__main__":
    main()

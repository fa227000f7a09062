"""`python -m houfeng`: the same as the command `houfeng`."""

from houfeng.cli import main

main()

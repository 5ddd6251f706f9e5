"""`python -m masterprint`."""

from masterprint.cli.app import main

main()

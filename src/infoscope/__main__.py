"""`python -m infoscope` is the command line."""

from infoscope.cli import main

main()

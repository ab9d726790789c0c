"""The version, in the one place that everything else reads: the package, its wheel, ``run.json`` and the changelog."""

VERSION = "0.2.0.dev0"

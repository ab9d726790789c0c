"""The site: `make docs`. Pages under reference/ are written here from what the code says of itself, and not kept."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

import pages  # noqa: E402

from infoscope import __version__  # noqa: E402

project = "infoscope"
author = "The infoscope authors"
release = version = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"infoscope {release}"
html_show_copyright = False
html_show_sourcelink = False

pages.write(HERE)

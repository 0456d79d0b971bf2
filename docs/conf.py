"""Sphinx configuration."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

project = "stemline"
author = "the stemline developers"
copyright = "2026, the stemline developers"  # noqa: A001 - the name is Sphinx's
version = release = installed_version("stemline")

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

extensions = [
    "configuration_page",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "numpydoc",
]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
numpydoc_show_class_members = False
autosummary_generate = False  # numpydoc loads the extension; the pages are written by hand

"""Settings for Sphinx: how the site looks, and that it needs no network."""

project = "Neural-network regularization, hands on"
author = "the authors of the course"
extensions = ["myst_nb", "sphinx_copybutton"]
nb_execution_mode = "off"
nb_mime_priority_overrides = [
    ("html", "text/html", 0),
    ("html", "image/png", 10),
    ("html", "text/plain", 20),
]
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # magics
html_theme = "sphinx_book_theme"
html_title = "Regularization, hands on"
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_last_updated_fmt = None
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "footer_content_items": ["extra-footer"],
    "extra_footer": "Text and code: MIT license",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_selector = "div.cell_input pre, div.highlight-sh pre"
mathjax_path = "mathjax/startup.js"
mathjax3_config = {
    "loader": {"load": ["core", "input/tex", "output/chtml"]},
    "options": {"enableMenu": False},
}

"""Sphinx configuration of the reader's edition; `python .book` builds it."""

from typing import Any

from sphinx.application import Sphinx

project = "gil_demo"
html_title = "gil_demo: threads, processes and the GIL"
language = "en-GB"
root_doc = "index"

extensions = ["myst_nb"]
myst_heading_anchors = 3

# the notebooks have been run when Sphinx reads them
nb_execution_mode = "off"
nb_merge_streams = True
# a chart's HTML carries its description; the still picture comes before the widget
nb_mime_priority_overrides = [("html", "text/html", 1)]
# a book has no kernel, and widgets would fetch their scripts from elsewhere
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_copy_source = False
html_use_index = False
html_show_copyright = False


def setup(app: Sphinx) -> None:
    """Let the keyboard reach code that is wider than the page, so that it can be scrolled."""

    def reach(
        _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: Any
    ) -> None:
        if "body" in context:
            context["body"] = context["body"].replace("<pre>", '<pre tabindex="0">')

    app.connect("html-page-context", reach)

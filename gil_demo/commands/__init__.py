"""The commands of `python -m gil_demo`, one module each; `gil_demo.cli` puts them together."""

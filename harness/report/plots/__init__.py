"""Plots of a record, each as PNG and SVG, that a grey-scale print or a colour-blind reader loses nothing of.

`claims`, `losses` and `articles` turn plain data into a figure; `layout` is what they are drawn on; `read_run` reads a
run folder. matplotlib is imported inside functions alone, so that nothing else starts later for it.
"""

"""HTML pages of finished work: the report of one run, and the board of all. Each is one file that needs no network.

`report.py` and `board.py` gather what `report.html` and `board.html` show, both within `page.html`; `pages.py` fills
them in, escaped. `style.css` and the scripts are put into each page, which forbids itself to load anything else.
"""

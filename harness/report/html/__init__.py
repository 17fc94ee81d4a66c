"""HTML pages of finished work: the report of one run, and the board of all. Each is one file that needs no network.

`markup` makes HTML that is escaped wherever it is not ours; `gathered` reads a record; `sections`, `provenance`,
`pictures` and `questions` are the parts of a report, `report` puts them together; `listing` is the board. `style.css`
and the scripts are put into each page, which forbids itself to load anything else.
"""

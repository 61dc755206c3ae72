"""The report as one page: it asks for nothing from anywhere, and runs from a file.

``page.page`` makes a document of sections, ``section.section`` one of a network. Python draws
all that can be seen without a script: tables, charts, and the network itself. ``page.js`` sorts,
filters, and opens a block's panel from what the page holds as JSON.
"""

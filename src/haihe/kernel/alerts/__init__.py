"""Alerts: rules over observations, what they raise, and what people do with it.

    rules.py       the contract of a rule, and one step of it          (pure)
    columns.py     looking back along each thing's rows, by columns    (pure)
    folding.py     what a finding does to an alert                     (pure)
    processing.py  journal → rules → alerts, states and cursor in one transaction
    replay.py      the same over stored rows, writing nothing
    lifecycle.py   the actions of people; suppression; switching rules
    board.py       counts and lists for pages

Models are re-exported by kernel/models.py; import the files themselves for the rest.
"""

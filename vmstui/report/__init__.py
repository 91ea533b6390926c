"""The report of a recorder: what its owner would write by hand, from what it measured.

`gathered` says what is needed of a recorder, `contents` makes sections of it, `document` is what sections are made of,
and `markdown` and `html` (with `charts`) write them down. All of it is pure: asking the recorder and reading its files
is the matter of `cli.report`. Nothing here is imported by the service.
"""

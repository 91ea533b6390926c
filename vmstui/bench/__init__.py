"""The layout bench: the same cameras by one process per output and by one process in all, measured beside each other.

`words` says what comes of it; `rounds` is the order and the arithmetic, `layouts` which layouts there are here,
`danger` why it may not run, `told` how a person reads it, `kept` where the last result stays. `stand` is what has to be
there (folder, relay, cameras), `turn` one layout once. Called by `vmstui bench` alone; the service never imports it.
"""

"""How many more cameras fit, and what ends it: from measured cameras to a sentence. Made when somebody asks.

`words` says what is exchanged; `projection` is the arithmetic; `told` is how a person reads it; `seen` makes the
measurements out of what the control socket tells, and `host` reads the rest from the machine. Nothing here is imported
by the service, and only `host` touches a file.
"""

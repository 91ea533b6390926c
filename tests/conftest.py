"""For all tests: a property that takes long on a busy machine is no failed one, and nobody's own keys or themes are
read."""

import os

from hypothesis import settings

os.environ["XDG_CONFIG_HOME"] = "/nonexistent"

settings.register_profile("here", deadline=None)
settings.load_profile("here")

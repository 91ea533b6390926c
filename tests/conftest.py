"""For all tests: a property that takes long on a busy machine is no failed one."""

from hypothesis import settings

settings.register_profile("here", deadline=None)
settings.load_profile("here")

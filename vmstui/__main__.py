"""`python -m vmstui` is `vmstui`."""

import sys

from vmstui.cli import main

sys.exit(main())

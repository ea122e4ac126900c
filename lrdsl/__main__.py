"""`python -m lrdsl` is `lrdsl`."""

import sys

from .cli import main

sys.exit(main())

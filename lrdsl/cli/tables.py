"""The tables of the grammar, kept between processes: building them takes longer than anything else that `check` does.

In: nothing. Out: a file in the user's own cache folder, or none. What is read there is unpickled, so the folder must belong to the
user and be writable by nobody else; where it is not, or cannot be made, the tables are built anew, and nothing is said. Only the
command line keeps them: a library has no business in a home folder.
"""

from __future__ import annotations

import os
import sys

from .. import __version__


def path() -> str | None:
    """Where the tables are kept; Lark looks itself whether they are those of this grammar and this version of it."""
    if not hasattr(os, "getuid"):  # who may write into a folder is not so easily known elsewhere
        return None
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(home, "lrdsl")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        found = os.stat(folder, follow_symlinks=False)
    except OSError:
        return None
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        return None
    return os.path.join(folder, f"grammar-{__version__}-{sys.implementation.cache_tag}.bin")

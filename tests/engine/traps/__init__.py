"""Fixes that look right and are not, each as a small repository: what the faithful tools must notice.

`naive` is the Dockerfile as people write it, `good` a fix that holds (None: there is none), `bad` the
obvious fix. The bad one must fail the build, or leave another file tree than the naive one; the good
one must build and leave the same tree. `ignoring` are the folders in which trees may differ.
"""

from tests.engine.traps.configuration import CONFIGURATION
from tests.engine.traps.ignore_files import IGNORE_FILES
from tests.engine.traps.mounts import MOUNTS
from tests.engine.traps.other_files import OTHER_FILES
from tests.engine.traps.overlaid import OVERLAID
from tests.engine.traps.scripts import SCRIPTS
from tests.engine.traps.split_and_moved import SPLIT_AND_MOVED
from tests.engine.traps.workspaces import WORKSPACES

TRAPS = [
    *SCRIPTS,
    *CONFIGURATION,
    *OTHER_FILES,
    *WORKSPACES,
    *OVERLAID,
    *SPLIT_AND_MOVED,
    *MOUNTS,
    *IGNORE_FILES,
]

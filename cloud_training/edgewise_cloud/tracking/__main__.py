"""`python -m edgewise_cloud.tracking SPOOL`: the process that sends a spool."""

import sys

from edgewise_cloud.tracking.sender import main

sys.exit(main())

"""`python -m demo`, which ends quietly on Ctrl-C, also while PyAirbyte is being imported: that takes seconds."""

import sys

try:
    from demo.run import main

    sys.exit(main())
except KeyboardInterrupt:
    print("\nStopped. With a real tenant, the same command goes on from its last finished sync.", file=sys.stderr)
    sys.exit(130)

"""`python -m demo`, which ends quietly on Ctrl-C, also while PyAirbyte is being imported: that takes seconds."""

import sys

try:
    from demo.run import main

    sys.exit(main())
except KeyboardInterrupt:
    sys.unraisablehook = lambda _: None  # PyAirbyte's generators complain when they are closed half way
    print("\nStopped. The same command resumes from the last sync that was finished.", file=sys.stderr)
    sys.exit(130)

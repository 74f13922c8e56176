"""`python3 tests` runs the tests, on a machine with only Python if need be.

All arguments go to pytest. What is found beside Python, and which tests are left out without
it, is told at the start and again at the end; with CI=true or FACEID_TEST_REQUIRE=all a missing
part is a failure.
"""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    # Started as a folder, this folder would come first and shadow other packages.
    sys.path[0] = str(root)

    from example_project.bare_machine.interpreters import require_python

    require_python()

    from example_project.bootstrap import ensure
    from tests.machine import everything_is_required

    optional = ["services", "browser", "sdk"]
    ensure(["tests", *optional] if everything_is_required() else ["tests"], optional)

    import pytest

    os.chdir(root)
    sys.exit(pytest.main(sys.argv[1:]))

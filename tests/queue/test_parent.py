import os
import select
import subprocess
import sys

import pytest

FAMILY = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", '''
import sys, time
from stemline.queue.parent import end_with_parent
end_with_parent(int(sys.argv[1]))
print("born", flush=True)
time.sleep(60)
''', str(os.getpid())])
child.wait()
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's end"
)
def test_a_child_ends_when_its_parent_is_killed():
    reader, writer = os.pipe()
    parent = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=writer)
    os.close(writer)
    with os.fdopen(reader) as lines:
        assert lines.readline() == "born\n"
        parent.kill()
        parent.wait()
        # Both ends of the pipe are gone only when the child is, too.
        ready, _, _ = select.select([lines], [], [], 10)
        assert ready
        assert lines.readline() == ""


def test_a_child_whose_parent_ended_before_it_asked_ends():
    code = "from stemline.queue.parent import end_with_parent; end_with_parent(1); print('lives')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")

"""The agent's process: builds an agent, answers its parent's calls in order, ends with its parent.

Started by `WorkerProposer` as ``python -m stemline.agents.serve``; messages on stdin and stdout.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import IO, Any

from .make_agent import make_agent
from .messages import receive, send


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until `requests` ends.

    The first request is ``[features, positions, options]``, each other ``[method, arguments]``; an answer is
    ``["ok", result]`` or ``["error", type, text]``.
    """
    agent: Any = None
    while True:
        try:
            request = receive(requests)
        except EOFError:
            return
        try:
            if agent is None:
                agent = make_agent(*request)
                answer = ["ok", None]
            else:
                method, arguments = request
                answer = ["ok", getattr(agent, method)(*arguments)]
        except Exception as error:
            if not isinstance(error, ValueError):  # one of those says all that there is to say
                traceback.print_exception(error)
            answer = ["error", type(error).__name__, " ".join(str(error).split())]
        send(answers, answer)


def main() -> None:
    """Serve on the standard streams; what is printed meanwhile goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        serve(sys.stdin.buffer, answers)
    except BrokenPipeError:
        # The parent is gone, and nobody is left to tell.
        os._exit(0)


if __name__ == "__main__":
    main()

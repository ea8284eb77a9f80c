"""The process that runs snippets: reads one job per line, forks, and writes each child's exit code.

A child that leaves loopback fails: an audit hook refuses every other address, whichever library asks for it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import Any

# Imported once for all snippets. None of these starts a thread, so forking afterwards is safe.
_PRELOADED = ("openai", "httpx2", "payi_transport")
_SECONDS = 60


def refuse_network(event: str, args: tuple[Any, ...]) -> None:
    """Raise for any address beyond this machine."""
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in (None, "", "localhost", "::1") and not str(host).startswith("127."):
        raise RuntimeError(f"a snippet must not reach {host}")


def run(job: dict[str, Any]) -> None:
    """Become the snippet's program; what it raises ends the process."""
    output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    signal.alarm(_SECONDS)
    sys.addaudithook(refuse_network)
    # Without dont_inherit, the snippet would compile under the __future__ imports of this module.
    code = compile(job["text"], "preface", "exec", dont_inherit=True)
    exec(code, {"__name__": "__main__"})  # noqa: S102


def main() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)
    # Read line by line without a buffer that a child could inherit.
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            run(json.loads(line))
            return
        _, status = os.waitpid(pid, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    main()

"""W&B's address and key for a test that answers its requests itself, over loopback."""

import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import wandb


@contextmanager
def served_to_wandb(handler, monkeypatch):
    """Inside, wandb asks ``handler``; the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{listening.server_port}"
        monkeypatch.setenv("WANDB_BASE_URL", address)
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        monkeypatch.delenv("WANDB_MODE", raising=False)
        wandb.teardown()  # what it remembers of other tests
        yield address
        wandb.teardown()
        listening.shutdown()

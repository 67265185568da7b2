"""Builds the application, asks it one question over ASGI without opening a port, and prints the answer."""

import asyncio
from typing import Any

from fastapi import FastAPI

app = FastAPI(title="annapurna")


@app.get("/")
def root() -> dict[str, Any]:
    return {"mountain": "annapurna", "metres": 8091}


async def ask(path: str) -> tuple[int, bytes]:
    """One GET request, as an ASGI server would pass it on: the status and the body of the answer."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"annapurna")],
        "client": ("127.0.0.1", 0),
        "server": ("annapurna", 80),
    }
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    status = next(m["status"] for m in messages if m["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")
    return status, body


def main() -> None:
    status, body = asyncio.run(ask("/"))
    if status != 200:
        raise SystemExit(f"the application answered {status}: {body.decode()}")
    print(body.decode())


if __name__ == "__main__":
    main()

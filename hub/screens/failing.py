"""What nobody foresaw is answered like all else: with the request's id and the headers that guard an answer. The framework
would answer it outside of both. The trace is in the log."""

from __future__ import annotations

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Failing:
    """An answer that has begun is cut off instead, which the server sees to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def beginning(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, beginning)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            answer: Response = await scope["app"].exception_handlers[Exception](Request(scope, receive), error)
            await answer(scope, receive, send)

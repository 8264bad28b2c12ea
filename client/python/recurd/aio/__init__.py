"""recurd in asyncio: the same names, arguments, errors and resume logic as the package above, with `await`.

    from recurd import aio
    async with aio.Client(["127.0.0.1:8001"], model="digits") as client, client.stream() as session:
        y = await session.step(x)
"""
from recurd.aio.client import Client
from recurd.aio.session import Session

__all__ = ["Client", "Session"]

"""Time that passes when a test says so."""


class Clock:
    """Seconds since the epoch, or monotonic: whatever the part under test takes."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds

    async def sleep(self, seconds: float) -> None:
        """Passes as `asyncio.sleep`, without waiting."""
        self.slept.append(seconds)
        self.now += seconds

"""When things happen in a shop: the time of its street, its opening hours, its busy and its quiet days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from random import Random

HERE = timezone(timedelta(hours=3, minutes=30))
DAYS = 30
FRIDAY = 4
OPENS, CLOSES = 9, 21
_BUSY = {9: 5, 10: 9, 11: 10, 12: 7, 13: 5, 14: 5, 15: 6, 16: 8, 17: 9, 18: 7, 19: 6, 20: 4}
_AWAKE = {7: 2, 8: 4, **_BUSY, 21: 6, 22: 5, 23: 3, 0: 1}


@dataclass(frozen=True, slots=True)
class Clock:
    """The `days` up to `now`; all that it gives is aware, in the time of the shop."""

    now: datetime
    days: int = DAYS

    @property
    def start(self) -> datetime:
        """Midnight of the first day told about."""
        return self.at(self.days - 1, "00:00")

    def at(self, days_ago: int, clock: str) -> datetime:
        """That time of the day so many days ago: `at(6, "10:40")`."""
        day = (self.now.astimezone(HERE) - timedelta(days=days_ago)).date()
        return datetime.combine(day, time.fromisoformat(clock), HERE)

    def in_hours(self, rng: Random) -> datetime:
        """Some moment while the shop was open."""
        return self._some(rng, _BUSY)

    def awake(self, rng: Random) -> datetime:
        """Some moment when customers write, which they also do at night."""
        return self._some(rng, _AWAKE)

    def _some(self, rng: Random, hours: dict[int, int]) -> datetime:
        while True:
            day = self.start + timedelta(days=rng.randrange(self.days))
            if day.weekday() == FRIDAY and rng.random() < 0.6:
                continue
            hour = rng.choices(list(hours), weights=list(hours.values()))[0]
            moment = day + timedelta(hours=hour, seconds=rng.randrange(3600))
            if moment < self.now:
                return moment


def open_from(moment: datetime, rng: Random) -> datetime:
    """This moment, if somebody is there to do the work; else soon after the door opens again."""
    here = moment.astimezone(HERE)
    if OPENS <= here.hour < CLOSES and here.weekday() != FRIDAY:
        return here
    morning = here.replace(hour=OPENS, minute=0, second=0, microsecond=0) + timedelta(minutes=rng.randrange(1, 90))
    days = 1 if here.hour >= OPENS else 0
    morning += timedelta(days=days)
    return morning + timedelta(days=1) if morning.weekday() == FRIDAY else morning


def later(moment: datetime, rng: Random, low: float, high: float) -> datetime:
    """Between `low` and `high` hours later, at whatever time of day."""
    return moment + timedelta(seconds=int(rng.uniform(low, high) * 3600))

"""From when on bronze.trades has every trade that there was: what is before its oldest partition is gone, or was never there."""

from datetime import datetime, timedelta, timezone


class NotHeld(Exception):
    """The range asked for is not wholly in bronze: exit 2."""


def hour(at):
    return at.replace(minute=0, second=0, microsecond=0)


def held_from(session, retention):
    """The start of the oldest hour with a trade that retention has not called for. None if there is no trade."""
    oldest, newest = session.sql("SELECT min(trade_time), max(trade_time) FROM bronze.trades").first()
    if oldest is None:
        return None
    if not retention:
        return hour(oldest)
    # Whole hours go, counted back from now or the newest trade: one that came again since then would be alone in its hour.
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return max(hour(oldest), hour(min(now, newest) - retention))


def require_held(session, begin, retention=timedelta()):
    since = held_from(session, retention)
    if since is None:
        raise NotHeld("bronze.trades is empty")
    if begin < since:
        raise NotHeld(f"bronze.trades holds all trades from {since}Z only, {begin}Z is before that; "
                      f"retention.bronze is {retention or 'off'}")

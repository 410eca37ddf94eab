//! Which moments a schedule means in a time zone: the next one, the last one, and how many have been missed.
//!
//! Days are walked by the calendar, so that leap days and either-day rules need no thought; between two changes of the clock local
//! time and elapsed time run alike, so that each such stretch is searched by itself. At a change (after Vixie cron, made kinder):
//!
//! - What falls into time that is skipped happens once, right after it; unless the hour is `*` or `*/n`, as then the next is near.
//! - What falls into time that comes twice happens the first time only; unless minute or hour is `*` or `*/n`, as such a
//!   schedule means an interval and goes on.
//!
//! A moment of a schedule is therefore never there twice, and is the same whichever side it is looked at from.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use skiff_api::{Schedule, time_zone};

/// So far a moment is looked for: 29 February on one day of the week can be forty years away.
const HORIZON: SignedDuration = SignedDuration::from_hours(41 * 366 * 24);

/// A schedule in its time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    schedule: Schedule,
    zone: TimeZone,
}

impl Timetable {
    /// A schedule in a time zone of the IANA database, UTC where none is named; `None` where there is no such schedule or zone.
    pub fn new(schedule: &str, zone: Option<&str>) -> Option<Self> {
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::tzif(name, time_zone::data(name)?).ok()?,
        };
        Some(Self { schedule: schedule.parse().ok()?, zone })
    }

    /// The first moment after this one.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let least = after.checked_add(SignedDuration::from_nanos(1)).ok()?;
        let end = after.saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
        let mut stretch = Stretch::around(&self.zone, least);
        loop {
            if let Some(found) = stretch.first(&self.schedule, least, end) {
                return Some(found);
            }
            stretch = Stretch::around(&self.zone, stretch.end.filter(|next| *next < end)?);
        }
    }

    /// The last moment that is not after this one.
    pub fn last(&self, until: Timestamp) -> Option<Timestamp> {
        let end = until.saturating_sub(HORIZON).unwrap_or(Timestamp::MIN);
        let mut stretch = Stretch::around(&self.zone, until);
        loop {
            if let Some(found) = stretch.last(&self.schedule, end, until) {
                return Some(found);
            }
            let start = stretch.start.filter(|start| *start > end)?;
            stretch = Stretch::around(&self.zone, start.checked_sub(SignedDuration::from_nanos(1)).ok()?);
        }
    }

    /// How many moments lie after the one and not after the other; counted to one more than `most`.
    pub fn count(&self, after: Timestamp, until: Timestamp, most: usize) -> usize {
        let moments = std::iter::successors(self.next(after), |moment| self.next(*moment));
        moments.take_while(|moment| *moment <= until).take(most.saturating_add(1)).count()
    }
}

/// A stretch of time between two changes of the clock.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// When it begins, `None` where nothing comes before it.
    start: Option<Timestamp>,
    /// When the next one begins.
    end: Option<Timestamp>,
    offset: Offset,
    /// The offset of the stretch before.
    before: Offset,
}

impl Stretch {
    fn around(zone: &TimeZone, moment: Timestamp) -> Self {
        let offset = zone.to_offset(moment);
        // A change that begins at this very moment is the beginning of this stretch.
        let just_after = moment.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX);
        let start = zone.preceding(just_after).next().map(|change| change.timestamp());
        let end = zone.following(moment).next().map(|change| change.timestamp());
        let second = SignedDuration::from_secs(1);
        let before = start.and_then(|start| start.checked_sub(second).ok()).map_or(offset, |last| zone.to_offset(last));
        Self { start, end, offset, before }
    }

    /// The first moment from `least` on, before `limit`.
    fn first(&self, schedule: &Schedule, least: Timestamp, limit: Timestamp) -> Option<Timestamp> {
        if let Some(made_up) = self.made_up(schedule).filter(|moment| *moment >= least) {
            return Some(made_up);
        }
        let from = self.begin(schedule).map_or(least, |begin| begin.max(least));
        let to = self.end.map_or(limit, |end| end.min(limit));
        let local = first_time(schedule, self.local(from), self.local(to))?;
        self.offset.to_timestamp(local).ok()
    }

    /// The last moment until `most`, not before `limit`.
    fn last(&self, schedule: &Schedule, limit: Timestamp, most: Timestamp) -> Option<Timestamp> {
        let from = self.begin(schedule).map_or(limit, |begin| begin.max(limit));
        let before_end = |end: Timestamp| end.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(end);
        let to = self.end.map_or(most, |end| before_end(end).min(most));
        let local = last_time(schedule, self.local(from), self.local(to));
        let found = local.and_then(|local| self.offset.to_timestamp(local).ok());
        found.or_else(|| self.made_up(schedule).filter(|moment| *moment <= most && *moment >= limit))
    }

    fn local(&self, moment: Timestamp) -> DateTime {
        self.offset.to_datetime(moment)
    }

    /// When what the schedule names begins to count: after the time that comes twice, where it had its turn before.
    fn begin(&self, schedule: &Schedule) -> Option<Timestamp> {
        let start = self.start?;
        let repeated = self.before.duration_since(self.offset);
        let skip = schedule.names_times() && repeated.is_positive();
        Some(if skip { start.saturating_add(repeated).unwrap_or(Timestamp::MAX) } else { start })
    }

    /// The beginning of the stretch, where it makes up for something that fell into the time which was skipped.
    fn made_up(&self, schedule: &Schedule) -> Option<Timestamp> {
        let start = self.start?;
        let (from, to) = (self.before.to_datetime(start), self.offset.to_datetime(start));
        (schedule.names_hours() && from < to && first_time(schedule, from, to).is_some()).then_some(start)
    }
}

/// The first time on the calendar that a schedule names, from one on and before another.
fn first_time(schedule: &Schedule, from: DateTime, before: DateTime) -> Option<DateTime> {
    let from = if is_whole(from) { from } else { from.checked_add(1.minute()).ok()? };
    let (mut date, mut time) = (from.date(), hour_and_minute(from));
    while date <= before.date() {
        if !schedule.is_in_month(number(date.month())) {
            date = date.first_of_month().checked_add(1.month()).ok()?;
        } else if let Some(found) = on(schedule, date).then(|| schedule.time_from(time)).flatten() {
            return at(date, found).filter(|found| *found < before);
        } else {
            date = date.tomorrow().ok()?;
        }
        time = (0, 0);
    }
    None
}

/// The last time on the calendar that a schedule names, until one and not before another.
fn last_time(schedule: &Schedule, not_before: DateTime, until: DateTime) -> Option<DateTime> {
    let (mut date, mut time) = (until.date(), hour_and_minute(until));
    while date >= not_before.date() {
        if !schedule.is_in_month(number(date.month())) {
            date = date.first_of_month();
        } else if let Some(found) = on(schedule, date).then(|| schedule.time_until(time)).flatten() {
            return at(date, found).filter(|found| *found >= not_before);
        }
        date = date.yesterday().ok()?;
        time = (23, 59);
    }
    None
}

fn is_whole(time: DateTime) -> bool {
    time.second() == 0 && time.subsec_nanosecond() == 0
}

fn hour_and_minute(time: DateTime) -> (u32, u32) {
    (number(time.hour()), number(time.minute()))
}

fn on(schedule: &Schedule, date: Date) -> bool {
    schedule.is_on(number(date.month()), number(date.day()), number(date.weekday().to_sunday_zero_offset()))
}

fn at(date: Date, (hour, minute): (u32, u32)) -> Option<DateTime> {
    Some(date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0))
}

/// A number of the calendar, none of which is negative.
fn number(number: i8) -> u32 {
    number.unsigned_abs().into()
}

#[cfg(test)]
mod tests;

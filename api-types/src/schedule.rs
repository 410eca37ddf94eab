//! Schedules as in crontab(5): five fields, or a word such as `@hourly`.
//!
//! A schedule says which minutes of the calendar it names; which moments these are in a time zone is decided elsewhere.
//! A `*` at the beginning of a field (`*`, `*/2`) leaves it open, as Vixie cron has it: where both days are restricted, either will do.

use std::str::FromStr;

use crate::suggest::nearest;

/// The words and what they stand for.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// The most days that each month has.
const MONTH_LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FORM: &str = "write minute, hour, day of month, month and day of week: `0 3 * * *`";

/// The minutes of the calendar on which something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    minutes: Numbers,
    hours: Numbers,
    days: Numbers,
    months: Numbers,
    week_days: Numbers,
}

/// Why a text is no schedule, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ScheduleError {
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub help: String,
}

/// What one field names: numbers below 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers {
    bits: u64,
    /// Whether the field begins with `*`.
    open: bool,
}

impl Schedule {
    /// Whether it names a day: month and day from 1, the day of the week from 0 for Sunday.
    pub fn is_on(&self, month: u32, day: u32, week_day: u32) -> bool {
        let (of_month, of_week) = (self.days.has(day), self.week_days.has(week_day));
        let either = !self.days.open && !self.week_days.open;
        self.months.has(month) && if either { of_month || of_week } else { of_month && of_week }
    }

    /// Whether it names a month, from 1.
    pub fn is_in_month(&self, month: u32) -> bool {
        self.months.has(month)
    }

    /// The first time of day that it names, this one or later: hour and minute.
    pub fn time_from(&self, (hour, minute): (u32, u32)) -> Option<(u32, u32)> {
        let this_hour = self.hours.has(hour).then(|| self.minutes.from(minute)).flatten();
        match this_hour {
            Some(minute) => Some((hour, minute)),
            None => Some((self.hours.from(hour + 1)?, self.minutes.from(0)?)),
        }
    }

    /// The last time of day that it names, this one or earlier: hour and minute.
    pub fn time_until(&self, (hour, minute): (u32, u32)) -> Option<(u32, u32)> {
        let this_hour = self.hours.has(hour).then(|| self.minutes.until(minute)).flatten();
        match this_hour {
            Some(minute) => Some((hour, minute)),
            None => Some((self.hours.until(hour.checked_sub(1)?)?, self.minutes.until(59)?)),
        }
    }

    /// Whether it names hours (`2`, `1-5`), so that one that the clock skips would be missed; `*` and `*/2` follow the clock.
    pub const fn names_hours(&self) -> bool {
        !self.hours.open
    }

    /// Whether it names times of day (`30 2`) rather than an interval (`*/15 2`, `0 *`), so that it is not to run twice when
    /// the clock is put back.
    pub const fn names_times(&self) -> bool {
        !self.hours.open && !self.minutes.open
    }

    /// Whether no month has any of its days, as on 31 February.
    fn never_comes(&self) -> bool {
        let months = (1..=12).filter(|month| self.months.has(*month));
        let longest = months.filter_map(|month| MONTH_LENGTHS.get(month as usize - 1)).max().copied().unwrap_or(31);
        self.week_days.open && self.days.from(1).is_none_or(|first| first > longest)
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |reason: String, help: &str| ScheduleError { reason, help: help.to_owned() };
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            return Err(refused("it has a time zone".to_owned(), "write it in `timeZone`"));
        }
        let text = if text.starts_with('@') { spelled_out(text)? } else { text };
        let [minutes, hours, days, months, week_days] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            let count = text.split_whitespace().count();
            return Err(refused(format!("it has {count} fields instead of five"), FORM));
        };
        let mut week_days = WEEK_DAY.numbers(week_days)?;
        // Sunday is 0 and 7.
        week_days.bits |= u64::from(week_days.has(7));
        let schedule = Self {
            minutes: MINUTE.numbers(minutes)?,
            hours: HOUR.numbers(hours)?,
            days: DAY.numbers(days)?,
            months: MONTH.numbers(months)?,
            week_days,
        };
        if schedule.never_comes() {
            return Err(refused("no month has such a day".to_owned(), FORM));
        }
        Ok(schedule)
    }
}

fn spelled_out(word: &str) -> Result<&'static str, ScheduleError> {
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, fields)| *fields).ok_or_else(|| ScheduleError {
        reason: "there is no such word".to_owned(),
        help: nearest(word, WORDS.map(|(known, _)| known))
            .map_or_else(|| FORM.to_owned(), |word| format!("did you mean `{word}`?")),
    })
}

impl Numbers {
    const fn has(self, number: u32) -> bool {
        number < 64 && self.bits & (1 << number) != 0
    }

    /// The least of them that is at least this one.
    fn from(self, least: u32) -> Option<u32> {
        let rest = self.bits & u64::MAX.checked_shl(least).unwrap_or(0);
        (rest != 0).then(|| rest.trailing_zeros())
    }

    /// The greatest of them that is at most this one.
    fn until(self, most: u32) -> Option<u32> {
        let rest = self.bits & (u64::MAX >> (63_u32.saturating_sub(most)));
        (rest != 0).then(|| rest.ilog2())
    }
}

/// One of the five fields: its name, its bounds, its words and the number of the first word.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    words: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", least: 0, most: 59, words: &[] };
const HOUR: Field = Field { name: "hour", least: 0, most: 23, words: &[] };
const DAY: Field = Field { name: "day of month", least: 1, most: 31, words: &[] };
const MONTH: Field = Field { name: "month", least: 1, most: 12, words: &MONTHS };
const WEEK_DAY: Field = Field { name: "day of week", least: 0, most: 7, words: &DAYS };

impl Field {
    /// What a field names: lists of `*`, numbers, words and ranges, each with a step.
    fn numbers(&self, text: &str) -> Result<Numbers, ScheduleError> {
        let bits = text.split(',').try_fold(0, |bits, part| Some(bits | self.part(part)?));
        let bits = bits
            .ok_or_else(|| ScheduleError { reason: format!("`{text}` is not a {}", self.name), help: self.form() })?;
        Ok(Numbers { bits, open: text.starts_with('*') })
    }

    fn part(&self, part: &str) -> Option<u64> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.most),
            Some((first, last)) => (self.number(first)?, self.number(last)?),
            None if step.is_some() => (self.number(range)?, self.most),
            None => (self.number(range)?, self.number(range)?),
        };
        let numbers = (first..=last).step_by(step.unwrap_or(1));
        (first <= last).then(|| numbers.fold(0, |bits, number| bits | (1 << number)))
    }

    fn number(&self, text: &str) -> Option<u32> {
        let word = text.to_ascii_lowercase();
        let named = self.words.iter().position(|known| *known == word).and_then(|at| u32::try_from(at).ok());
        let number = named.map(|at| at + self.least).or_else(|| text.parse().ok())?;
        (self.least..=self.most).contains(&number).then_some(number)
    }

    fn form(&self) -> String {
        let words = if self.words.is_empty() { String::new() } else { format!(", or {} …", self.words.join(", ")) };
        format!("it goes from {} to {}, as `*`, `1-5`, `*/2` or `1,3`{words}", self.least, self.most)
    }
}

#[cfg(test)]
mod tests;

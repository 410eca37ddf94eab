//! Schedules as in crontab(5): five fields, or a word such as `@hourly`.

use crate::Complaint;
use crate::complaint::At;
use crate::suggest::nearest;

const WORDS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// The most days that each month has.
const MONTH_LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// One of the five fields: its name, its bounds, its words and the number of the first word.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, words: &[] },
    Field { name: "hour", least: 0, most: 23, words: &[] },
    Field { name: "day of month", least: 1, most: 31, words: &[] },
    Field { name: "month", least: 1, most: 12, words: &MONTHS },
    Field { name: "day of week", least: 0, most: 7, words: &DAYS },
];

/// Complains about what is no schedule.
pub(super) fn check(schedule: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Some((reason, help)) = refusal(schedule) {
        out.push(at.says(format!("`schedule` cannot be `{schedule}`: {reason}")).help(help));
    }
}

/// Complains about what does not look like a time zone of the IANA database.
pub(super) fn check_time_zone(zone: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    let letters =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b));
    if !zone.split('/').all(letters) || !zone.starts_with(|first: char| first.is_ascii_uppercase()) {
        out.push(
            at.says(format!("`timeZone` cannot be `{zone}`")).help("write a name such as `Europe/Berlin` or `UTC`"),
        );
    }
}

fn refusal(schedule: &str) -> Option<(String, String)> {
    const FORM: &str = "write minute, hour, day of month, month and day of week: `0 3 * * *`";
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        return Some(("it has a time zone".to_owned(), "write it in `timeZone`".to_owned()));
    }
    if schedule.starts_with('@') {
        let help = nearest(schedule, WORDS).map_or_else(|| FORM.to_owned(), |word| format!("did you mean `{word}`?"));
        return (!WORDS.contains(&schedule)).then(|| ("there is no such word".to_owned(), help));
    }
    let texts: Vec<&str> = schedule.split_whitespace().collect();
    if texts.len() != FIELDS.len() {
        return Some((format!("it has {} fields instead of five", texts.len()), FORM.to_owned()));
    }
    let mut sets = Vec::new();
    for (field, text) in FIELDS.iter().zip(&texts) {
        match field.numbers(text) {
            Some(numbers) => sets.push(numbers),
            None => return Some((format!("`{text}` is not a {}", field.name), field.form())),
        }
    }
    let never = never_comes(&sets, texts.last() == Some(&"*"));
    never.then(|| ("no month has such a day".to_owned(), FORM.to_owned()))
}

/// Whether no month has any of the days, as on 31 February; a day of the week as well makes up for it.
fn never_comes(sets: &[Vec<u32>], any_week_day: bool) -> bool {
    let (Some(days), Some(months)) = (sets.get(2), sets.get(3)) else { return false };
    let length = |month: &u32| MONTH_LENGTHS.get((*month as usize).wrapping_sub(1)).copied().unwrap_or(31);
    let longest = months.iter().map(length).max().unwrap_or(31);
    any_week_day && days.iter().all(|day| *day > longest)
}

impl Field {
    /// All numbers that a field stands for: lists of `*`, numbers, words and ranges, each with a step.
    fn numbers(&self, text: &str) -> Option<Vec<u32>> {
        let mut numbers = Vec::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
                None => (part, 1),
            };
            let stepped = part.contains('/');
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (self.least, self.most),
                Some((first, last)) => (self.number(first)?, self.number(last)?),
                None if stepped => (self.number(range)?, self.most),
                None => (self.number(range)?, self.number(range)?),
            };
            if first > last {
                return None;
            }
            numbers.extend((first..=last).step_by(step));
        }
        Some(numbers)
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
mod tests {
    use super::*;

    #[test]
    fn schedules_of_crontab_are_taken() {
        let taken =
            ["* * * * *", "*/5 0-6,22 1 jan-mar mon-fri", "0 3 29 2 *", "5/15 * * * 7", "@hourly", "0 0 31 2 sun"];
        assert_eq!(taken.map(refusal).map(|refusal| refusal.map(|(reason, _)| reason)), [const { None }; 6]);
    }

    #[test]
    fn everything_else_is_refused_with_the_reason() {
        let table = [
            "",
            "* * * *",
            "0 * * * * *",
            "60 * * * *",
            "* * 0 * *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "@hourli",
            "0 0 31 2 *",
            "TZ=UTC 0 0 * * *",
            "H * * * *",
        ];
        let reasons = table.map(|text| refusal(text).map(|(reason, _)| reason).unwrap_or_default());
        insta::assert_snapshot!(reasons.join("\n"), @r"
    it has 0 fields instead of five
    it has 4 fields instead of five
    it has 6 fields instead of five
    `60` is not a minute
    `0` is not a day of month
    `8` is not a day of week
    `*/0` is not a minute
    `5-1` is not a minute
    there is no such word
    no month has such a day
    it has a time zone
    `H` is not a minute
    ");
    }
}

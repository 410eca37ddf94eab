//! Schedules of crontab: what is taken, and why the rest is not.

use super::*;

fn schedule(text: &str) -> Schedule {
    text.parse().expect("a schedule")
}

#[test]
fn schedules_of_crontab_are_taken() {
    let taken = ["* * * * *", "*/5 0-6,22 1 jan-mar mon-fri", "0 3 29 2 *", "5/15 * * * 7", "@hourly", "0 0 31 2 sun"];
    assert_eq!(taken.map(|text| text.parse::<Schedule>().err()), [const { None }; 6]);
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
        "0 0 31 2 */2",
        "TZ=UTC 0 0 * * *",
        "H * * * *",
    ];
    let reasons = table.map(|text| text.parse::<Schedule>().err().map(|error| error.reason).unwrap_or_default());
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
    no month has such a day
    it has a time zone
    `H` is not a minute
    ");
}

#[test]
fn either_day_will_do_where_both_are_restricted_and_both_must_agree_where_one_is_open() {
    // Friday the 13th of November, then a Friday, a 13th, and neither.
    let days = [(11, 13, 5), (11, 6, 5), (12, 13, 0), (11, 5, 4)];
    let on = |text: &str| days.map(|(month, day, week_day)| schedule(text).is_on(month, day, week_day));
    assert_eq!(on("0 0 13 * fri"), [true, true, true, false]);
    assert_eq!(on("0 0 13 * *"), [true, false, true, false]);
    assert_eq!(on("0 0 * * 5"), [true, true, false, false]);
    // `*/2` is open: odd days and Fridays, together.
    assert_eq!(on("0 0 */2 * 5"), [true, false, false, false]);
    assert_eq!(on("0 0 1-31 11 7"), [true, true, false, true]);
    assert!(schedule("0 0 * * 7").is_on(1, 1, 0) && schedule("0 0 * * 5-7").is_on(1, 1, 0));
}

#[test]
fn times_of_day_are_found_forwards_and_backwards() {
    let times = schedule("10,40 3,20 * * *");
    let from = [(0, 0), (3, 10), (3, 11), (3, 41), (20, 40), (20, 41)].map(|time| times.time_from(time));
    let forwards = [Some((3, 10)), Some((3, 10)), Some((3, 40)), Some((20, 10)), Some((20, 40)), None];
    assert_eq!(from, forwards);
    let until = [(23, 59), (20, 40), (20, 39), (20, 9), (3, 10), (3, 9)].map(|time| times.time_until(time));
    let backwards = [Some((20, 40)), Some((20, 40)), Some((20, 10)), Some((3, 40)), Some((3, 10)), None];
    assert_eq!(until, backwards);
    assert_eq!(schedule("* * * * *").time_from((23, 59)), Some((23, 59)));
    assert_eq!(schedule("0 0 * * *").time_until((0, 0)), Some((0, 0)));
}

#[test]
fn words_stand_for_their_fields() {
    let pairs = WORDS.map(|(word, fields)| schedule(word) == schedule(fields));
    assert_eq!(pairs, [true; 7]);
}

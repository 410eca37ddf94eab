//! The moments that a schedule means, through every change of the clock.

use proptest::prelude::*;

use super::*;

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn table(schedule: &str, zone: &str) -> Timetable {
    Timetable::new(schedule, Some(zone)).expect("a timetable")
}

/// The moments from one on and before another, as local time with its offset. Found forwards, and checked backwards.
fn moments(schedule: &str, zone: &str, from: &str, before: &str) -> String {
    let table = table(schedule, zone);
    let just_before = |text: &str| moment(text) - SignedDuration::from_nanos(1);
    let forwards: Vec<Timestamp> = std::iter::successors(table.next(just_before(from)), |moment| table.next(*moment))
        .take_while(|found| *found < moment(before))
        .collect();
    let mut backwards: Vec<Timestamp> = std::iter::successors(table.last(just_before(before)), |moment| {
        table.last(*moment - SignedDuration::from_nanos(1))
    })
    .take_while(|found| *found >= moment(from))
    .collect();
    backwards.reverse();
    assert_eq!(forwards, backwards, "{schedule} in {zone} differs backwards");
    let shown = |moment: &Timestamp| moment.to_zoned(table.zone.clone()).strftime("%d %H:%M%:z").to_string();
    forwards.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// From the Saturday before the clock is put forward in Berlin to the Monday after: 02:00 to 03:00 does not exist on the 29th.
fn spring(schedule: &str) -> String {
    moments(schedule, "Europe/Berlin", "2026-03-28T01:00:00+01:00", "2026-03-30T04:00:00+02:00")
}

/// The same in autumn: 02:00 to 03:00 comes twice on the 25th.
fn autumn(schedule: &str) -> String {
    moments(schedule, "Europe/Berlin", "2026-10-24T01:00:00+02:00", "2026-10-26T04:00:00+01:00")
}

#[test]
fn what_falls_into_the_skipped_hour_happens_once_right_after_it() {
    let table = ["30 2 * * *", "0,30 2 * * *", "0 2,3 * * *", "30 1-3 * * *", "*/20 2 * * *"].map(spring);
    insta::assert_snapshot!(table.join("\n"), @r"
    28 02:30+01:00, 29 03:00+02:00, 30 02:30+02:00
    28 02:00+01:00, 28 02:30+01:00, 29 03:00+02:00, 30 02:00+02:00, 30 02:30+02:00
    28 02:00+01:00, 28 03:00+01:00, 29 03:00+02:00, 30 02:00+02:00, 30 03:00+02:00
    28 01:30+01:00, 28 02:30+01:00, 28 03:30+01:00, 29 01:30+01:00, 29 03:00+02:00, 29 03:30+02:00, 30 01:30+02:00, 30 02:30+02:00, 30 03:30+02:00
    28 02:00+01:00, 28 02:20+01:00, 28 02:40+01:00, 29 03:00+02:00, 30 02:00+02:00, 30 02:20+02:00, 30 02:40+02:00
    ");
}

#[test]
fn an_interval_goes_on_through_the_skipped_hour() {
    let night = |schedule| moments(schedule, "Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-03-29T06:00:00+02:00");
    let table = ["0 * * * *", "0 */2 * * *", "*/30 */3 * * *"].map(night);
    insta::assert_snapshot!(table.join("\n"), @r"
    29 00:00+01:00, 29 01:00+01:00, 29 03:00+02:00, 29 04:00+02:00, 29 05:00+02:00
    29 00:00+01:00, 29 04:00+02:00
    29 00:00+01:00, 29 00:30+01:00, 29 03:00+02:00, 29 03:30+02:00
    ");
}

#[test]
fn what_falls_into_the_repeated_hour_happens_once_and_an_interval_goes_on() {
    let table = ["30 2 * * *", "0 1-3 * * *", "0 */12 * * *", "*/30 2 * * *"].map(autumn);
    insta::assert_snapshot!(table.join("\n"), @r"
    24 02:30+02:00, 25 02:30+02:00, 26 02:30+01:00
    24 01:00+02:00, 24 02:00+02:00, 24 03:00+02:00, 25 01:00+02:00, 25 02:00+02:00, 25 03:00+01:00, 26 01:00+01:00, 26 02:00+01:00, 26 03:00+01:00
    24 12:00+02:00, 25 00:00+02:00, 25 12:00+01:00, 26 00:00+01:00
    24 02:00+02:00, 24 02:30+02:00, 25 02:00+02:00, 25 02:30+02:00, 25 02:00+01:00, 25 02:30+01:00, 26 02:00+01:00, 26 02:30+01:00
    ");
}

#[test]
fn a_minute_is_a_minute_through_both_changes() {
    let table = table("* * * * *", "Europe/Berlin");
    for (from, until) in [
        ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
        ("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
    ] {
        let (from, until) = (moment(from), moment(until));
        let minutes = usize::try_from(until.duration_since(from).as_mins()).expect("minutes");
        assert_eq!(table.count(from, until, 10_000), minutes);
    }
}

#[test]
fn zones_of_half_hours_and_odd_changes_are_right() {
    let table = [
        // Always five hours and three quarters.
        moments("0 6 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"),
        // Half an hour forward on 4 October, and back on 5 April.
        moments("10 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00+10:30", "2026-10-05T12:00:00+11:00"),
        moments("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00+11:00", "2026-04-06T12:00:00+10:30"),
        moments("*/30 * * * *", "Australia/Lord_Howe", "2026-04-05T01:00:00+11:00", "2026-04-05T03:00:00+10:30"),
        // At midnight: the day begins at one, or its last hour comes twice.
        moments("30 0 * * *", "Africa/Cairo", "2026-04-23T00:00:00+02:00", "2026-04-25T12:00:00+03:00"),
        moments("@daily", "Africa/Cairo", "2026-04-23T00:00:00+02:00", "2026-04-25T12:00:00+03:00"),
        moments("30 23 * * *", "Africa/Cairo", "2026-10-28T12:00:00+03:00", "2026-10-30T12:00:00+02:00"),
        // A day that never was.
        moments("0 3 * * *", "Pacific/Apia", "2011-12-28T12:00:00-10:00", "2012-01-01T00:00:00+14:00"),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    01 06:00+05:45, 02 06:00+05:45
    03 02:10+10:30, 04 02:30+11:00, 05 02:10+11:00
    04 01:45+11:00, 05 01:45+11:00, 06 01:45+10:30
    05 01:00+11:00, 05 01:30+11:00, 05 01:30+10:30, 05 02:00+10:30, 05 02:30+10:30
    23 00:30+02:00, 24 01:00+03:00, 25 00:30+03:00
    23 00:00+02:00, 24 01:00+03:00, 25 00:00+03:00
    28 23:30+03:00, 29 23:30+03:00
    29 03:00-10:00, 31 00:00+14:00, 31 03:00+14:00
    ");
}

#[test]
fn leap_days_come_when_they_come() {
    let next = |schedule: &str, after: &str| {
        let found = table(schedule, "UTC").next(moment(after));
        found.map(|found| found.strftime("%F %H:%M %a").to_string()).unwrap_or_default()
    };
    let table = [
        next("0 0 29 2 *", "2026-01-01T00:00:00Z"),
        next("0 0 29 2 *", "2028-02-29T00:00:00Z"),
        next("0 0 29 2 *", "2096-03-01T00:00:00Z"),
        // Both must agree where the day of the week begins with a star: 29 February on a Sunday.
        next("0 0 29 2 */7", "2032-03-01T00:00:00Z"),
        // Either will do: the 29th, or a Monday in February.
        next("0 0 29 2 mon", "2028-02-22T00:00:00Z"),
        next("0 0 31 4,5 *", "2026-01-01T00:00:00Z"),
        next("59 23 31 12 *", "2026-12-31T23:59:00Z"),
        next("@yearly", "2026-01-01T00:00:00Z"),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    2028-02-29 00:00 Tue
    2032-02-29 00:00 Sun
    2104-02-29 00:00 Fri
    2060-02-29 00:00 Sun
    2028-02-28 00:00 Mon
    2026-05-31 00:00 Sun
    2027-12-31 23:59 Fri
    2027-01-01 00:00 Fri
    ");
}

#[test]
fn a_moment_is_its_own_last_and_never_its_own_next() {
    let table = table("*/5 * * * *", "Europe/Berlin");
    let on_time = moment("2026-06-01T12:05:00Z");
    let later = on_time + SignedDuration::from_millis(59_999);
    assert_eq!(table.last(on_time), Some(on_time));
    assert_eq!(table.last(later), Some(on_time));
    assert_eq!(table.next(on_time), Some(moment("2026-06-01T12:10:00Z")));
    assert_eq!(table.last(on_time - SignedDuration::from_nanos(1)), Some(moment("2026-06-01T12:00:00Z")));
}

#[test]
fn missed_moments_are_counted_to_one_above_the_bound() {
    let table = table("* * * * *", "UTC");
    let start = moment("2026-06-01T12:00:00Z");
    let count = |minutes: i64, most| table.count(start, start + SignedDuration::from_mins(minutes), most);
    assert_eq!(
        [count(0, 100), count(1, 100), count(100, 100), count(101, 100), count(5000, 100)],
        [0, 1, 100, 101, 101]
    );
}

/// What the rules at the top of the module say, minute by minute and without a thought for speed.
fn said_by_the_rules(table: &Timetable, from: Timestamp, minutes: i64) -> Vec<Timestamp> {
    let (schedule, zone) = (&table.schedule, &table.zone);
    let names = |local: DateTime| {
        let time = (number(local.hour()), number(local.minute()));
        on(schedule, local.date()) && schedule.time_from(time) == Some(time)
    };
    let mut found = Vec::new();
    for minute in 0..minutes {
        let now = from + SignedDuration::from_mins(minute);
        let local = zone.to_datetime(now);
        let previous = zone.to_datetime(now - SignedDuration::from_mins(1));
        let skipped = local.duration_since(previous).as_mins() - 1;
        let mut due = (0..skipped).any(|gone| names(previous + (gone + 1).minutes())) && schedule.names_hours();
        // The earlier of two moments with one local time is the one that counts.
        let first = zone.to_ambiguous_timestamp(local).earlier().expect("a moment");
        due |= names(local) && (first == now || !schedule.names_times());
        if due {
            found.push(now);
        }
    }
    found
}

fn fields() -> impl Strategy<Value = String> {
    let minute = prop_oneof![
        Just("*".to_owned()),
        Just("*/7".to_owned()),
        (0..60_u32).prop_map(|m| m.to_string()),
        Just("0,30".to_owned())
    ];
    let hour = prop_oneof![
        Just("*".to_owned()),
        Just("*/3".to_owned()),
        (0..24_u32).prop_map(|h| h.to_string()),
        Just("0-4".to_owned()),
        Just("2".to_owned()),
        Just("1,2,23".to_owned())
    ];
    let day = prop_oneof![Just("*"), Just("*/2"), Just("28-31"), Just("1")];
    let week_day = prop_oneof![Just("*"), Just("sun"), Just("mon-fri"), Just("*/3")];
    (minute, hour, day, week_day).prop_map(|(m, h, d, w)| format!("{m} {h} {d} * {w}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]
    #[test]
    fn moments_are_those_that_the_rules_name_minute_by_minute(
        fields in fields(),
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/St_Johns", "Europe/Dublin",
        ]),
        // A day before the end of March, April or October, when most clocks change.
        start in prop::sample::select(vec!["2026-03-28T00:00:00Z", "2026-04-04T00:00:00Z", "2026-04-23T00:00:00Z",
            "2026-10-03T00:00:00Z", "2026-10-24T00:00:00Z", "2026-10-29T00:00:00Z", "2026-11-01T00:00:00Z", "2026-03-08T00:00:00Z"]),
        late in 0..90_i64,
    ) {
        let table = table(&fields, zone);
        let from = moment(start) + SignedDuration::from_mins(late);
        let minutes = 2 * 24 * 60;
        let until = from + SignedDuration::from_mins(minutes - 1);
        let forwards: Vec<Timestamp> =
            std::iter::successors(table.next(from - SignedDuration::from_nanos(1)), |moment| table.next(*moment))
                .take_while(|moment| *moment <= until)
                .collect();
        let mut backwards: Vec<Timestamp> =
            std::iter::successors(table.last(until), |moment| table.last(*moment - SignedDuration::from_nanos(1)))
                .take_while(|moment| *moment >= from)
                .collect();
        backwards.reverse();
        let expected = said_by_the_rules(&table, from, minutes);
        prop_assert_eq!(&forwards, &expected);
        prop_assert_eq!(&backwards, &expected);
    }
}

//! When something runs on a schedule: the schedule itself and its time zone.

use crate::complaint::At;
use crate::{Complaint, Schedule, ScheduleError, time_zone};

/// Complains about what is no schedule.
pub(super) fn check(schedule: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Err(ScheduleError { reason, help }) = schedule.parse::<Schedule>() {
        out.push(at.says(format!("`schedule` cannot be `{schedule}`: {reason}")).help(help));
    }
}

/// Complains about what is no time zone of the IANA database.
pub(super) fn check_time_zone(zone: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    if time_zone::data(zone).is_none() {
        let help = match time_zone::meant(zone) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "write a name such as `Europe/Berlin` or `UTC`".to_owned(),
        };
        out.push(at.says(format!("`timeZone` cannot be `{zone}`")).help(help));
    }
}

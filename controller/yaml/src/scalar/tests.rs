//! The two profiles as tables.

use super::{NotFinite, Profile, resolve};
use crate::Value;

fn text(text: &str) -> Value {
    Value::String(String::from(text))
}

/// Words that Kubernetes takes for a truth value and Compose for text.
fn differing() -> Vec<(&'static str, Value)> {
    let words = [("yes", true), ("Yes", true), ("YES", true), ("on", true), ("On", true), ("ON", true)];
    let others = [("no", false), ("No", false), ("NO", false), ("off", false), ("Off", false), ("OFF", false)];
    words.into_iter().chain(others).map(|(word, value)| (word, Value::Bool(value))).collect()
}

#[test]
fn only_the_old_booleans_differ_between_the_profiles() {
    for (word, kubernetes) in differing() {
        assert_eq!(resolve(word, Profile::Kubernetes), Ok(kubernetes), "{word} for Kubernetes");
        assert_eq!(resolve(word, Profile::Compose), Ok(text(word)), "{word} for Compose");
    }
}

#[test]
fn all_other_scalars_mean_the_same_in_both_profiles() {
    let table = [
        ("", Value::Null),
        ("~", Value::Null),
        ("null", Value::Null),
        ("Null", Value::Null),
        ("NULL", Value::Null),
        ("nULL", text("nULL")),
        ("true", Value::Bool(true)),
        ("True", Value::Bool(true)),
        ("TRUE", Value::Bool(true)),
        ("tRUE", text("tRUE")),
        ("false", Value::Bool(false)),
        ("y", text("y")),
        ("Y", text("Y")),
        ("n", text("n")),
        ("N", text("N")),
        ("yEs", text("yEs")),
        ("0", Value::Int(0)),
        ("-0", Value::Int(0)),
        ("00", Value::Int(0)),
        ("42", Value::Int(42)),
        ("+42", Value::Int(42)),
        ("-42", Value::Int(-42)),
        ("0644", Value::Int(420)),
        ("-0644", Value::Int(-420)),
        ("0o644", Value::Int(420)),
        ("0O644", Value::Int(420)),
        ("08", Value::Float(8.0)),
        ("0x1F", Value::Int(31)),
        ("-0x1f", Value::Int(-31)),
        ("0b101", Value::Int(5)),
        ("0x", text("0x")),
        ("0x+1", text("0x+1")),
        ("--1", text("--1")),
        ("1_000", Value::Int(1000)),
        ("_1", text("_1")),
        ("22:22", text("22:22")),
        ("1:20:30", text("1:20:30")),
        ("9223372036854775807", Value::Int(i64::MAX)),
        ("-9223372036854775808", Value::Int(i64::MIN)),
        ("9223372036854775808", Value::UInt(9_223_372_036_854_775_808)),
        ("18446744073709551615", Value::UInt(u64::MAX)),
        ("18446744073709551616", Value::Float(18_446_744_073_709_551_616.0)),
        ("1.5", Value::Float(1.5)),
        ("1.", Value::Float(1.0)),
        (".5", Value::Float(0.5)),
        ("-.5", Value::Float(-0.5)),
        ("1e3", Value::Float(1000.0)),
        ("1E+3", Value::Float(1000.0)),
        ("1.5e-3", Value::Float(0.0015)),
        ("1e", text("1e")),
        ("1e999", text("1e999")),
        (".", text(".")),
        ("1.2.3", text("1.2.3")),
        ("+", text("+")),
        ("-", text("-")),
        ("infinity", text("infinity")),
        ("nan", text("nan")),
        ("+.nan", text("+.nan")),
        ("2024-01-02", text("2024-01-02")),
        ("5s", text("5s")),
        ("500m", text("500m")),
        ("64Mi", text("64Mi")),
        ("<<", text("<<")),
    ];
    for (written, value) in table {
        for profile in [Profile::Kubernetes, Profile::Compose] {
            assert_eq!(resolve(written, profile), Ok(value.clone()), "{written} for {profile:?}");
        }
    }
}

#[test]
fn numbers_that_json_cannot_hold_are_refused() {
    for written in [".inf", ".Inf", ".INF", "+.inf", "-.inf", "-.INF", ".nan", ".NaN", ".NAN"] {
        assert_eq!(resolve(written, Profile::Kubernetes), Err(NotFinite), "{written}");
        assert_eq!(resolve(written, Profile::Compose), Err(NotFinite), "{written}");
    }
}

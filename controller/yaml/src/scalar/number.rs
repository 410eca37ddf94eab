//! Numbers as go-yaml reads them: Go's `strconv.ParseInt(text, 0, 64)` without underscores, then a decimal float.

use crate::Value;

/// The number that a plain scalar is, if it is one. What overflows an integer becomes a float, what overflows that is text.
pub(super) fn parse(text: &str) -> Option<Value> {
    let first = text.bytes().next()?;
    if first == b'.' {
        return float(text);
    }
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-')) {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| float(&plain))
}

fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = base(digits);
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let signed = if negative { -magnitude } else { magnitude };
    match i64::try_from(signed) {
        Ok(value) => Some(Value::Int(value)),
        // Go reads a sign as a sign of `int64` only.
        Err(_) if text.starts_with('+') => None,
        Err(_) => u64::try_from(signed).ok().map(Value::UInt),
    }
}

fn base(digits: &str) -> (u32, &str) {
    let bytes = digits.as_bytes();
    let radix = match (bytes.first(), bytes.get(1)) {
        (Some(b'0'), Some(b'x' | b'X')) => 16,
        (Some(b'0'), Some(b'o' | b'O')) => 8,
        (Some(b'0'), Some(b'b' | b'B')) => 2,
        (Some(b'0'), Some(_)) => return (8, digits.get(1..).unwrap_or_default()),
        _ => return (10, digits),
    };
    (radix, digits.get(2..).unwrap_or_default())
}

fn float(text: &str) -> Option<Value> {
    if !is_decimal_float(text) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Value::Float(value))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, so that `infinity`, which Rust would parse, is text.
fn is_decimal_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_holds = digits(whole) && digits(fraction) && (!whole.is_empty() || !fraction.is_empty());
    mantissa_holds && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

//! Quantities as text and as numbers: what is read, what is refused, what comes back.

use super::*;

fn cpu(text: &str) -> Option<u64> {
    text.parse::<Cpu>().ok().map(Cpu::millis)
}

fn bytes(text: &str) -> Option<u64> {
    text.parse::<Bytes>().ok().map(Bytes::get)
}

#[test]
fn cpu_is_read_in_cores_and_thousandths() {
    let read = ["500m", "2", "1.5", "0.0001", "1.m", "", "m", "-1", "1e3", "99999999999999999999"].map(cpu);
    assert_eq!(read, [Some(500), Some(2000), Some(1500), Some(1), Some(1), None, None, None, None, None]);
}

#[test]
fn bytes_are_read_with_binary_and_decimal_suffixes() {
    let read = ["64", "1Ki", "1.5Gi", "2k", "3M", "1E", "1Ei", "17Ei", "1KiB", "512m", "1 Gi"].map(bytes);
    let expected = [Some(64), Some(1024), Some(1_610_612_736), Some(2000), Some(3_000_000)];
    let expected = [expected.as_slice(), &[Some(1_000_000_000_000_000_000), Some(1 << 60)]].concat();
    assert_eq!(read, [expected.as_slice(), &[None; 4]].concat().as_slice());
}

#[test]
fn quantities_are_shown_as_they_are_best_read() {
    let shown = [64, 1024, 1_610_612_736, 2000, 3_000_001, 0].map(|count| Bytes::new(count).to_string());
    assert_eq!(shown, ["64", "1Ki", "1536Mi", "2k", "3000001", "0"]);
    assert_eq!([500, 2000].map(|millis| Cpu::from_millis(millis).to_string()), ["500m", "2"]);
}

#[test]
fn numbers_and_texts_deserialise_alike() {
    let same = [serde_json::json!(2), serde_json::json!("2"), serde_json::json!(2.0)];
    for value in same {
        assert_eq!(serde_json::from_value::<Cpu>(value).ok(), Some(Cpu::from_millis(2000)));
    }
}

proptest::proptest! {
    #[test]
    fn what_is_shown_reads_back(count: u64, millis in 0..u64::MAX / 1_000_000) {
        proptest::prop_assert_eq!(Bytes::new(count).to_string().parse(), Ok(Bytes::new(count)));
        proptest::prop_assert_eq!(Cpu::from_millis(millis).to_string().parse(), Ok(Cpu::from_millis(millis)));
    }
}

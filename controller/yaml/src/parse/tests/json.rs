//! JSON is read as what it is.

use serde_json::Value;

use super::{complaints, tree};

fn same(text: &str) {
    let expected: Value = serde_json::from_str(text).expect("legal JSON");
    assert_eq!(tree(text).to_json(), expected, "{text:?}");
}

#[test]
fn legal_json_reads_as_serde_json_reads_it() {
    same("{\n\t\"a\":\t[1,\n\t\t2\n\t],\n\t\"b\"\n:\n\"c\"\n}\n");
    same("\t[\n\t]\n");
    same("\n\n  {}  \n");
    same("{\"a\":{\"b\":[{},[],null,true,false]},\"\":\"\"}");
    same("[0,-1,1.5,-2.5e3,1E5,1e-5,18446744073709551615,-9223372036854775808,1e300]");
    same("\"top\"");
    same("12");
    same(r#"["\"\\\/\b\f\n\r\t", "\u00e9\u4e16\ud83e\udd80\u0000\u001f", "a/b"]"#);
    same(
        r##"["# no comment", "a: b", "- x", "&a", "*a", "!t", "{", "}", "|", "null", "yes", "0644", "<<", "%", "@", "`"]"##,
    );
    same("{\"<<\": 1, \"a b\" : 2, \"---\": 3, \"y\": \"...\"}");
    same("[\"\u{2028}\u{2029}\u{85}\u{feff}\u{a0}🦀\"]");
    same("[\"  lead\", \"trail  \", \" \"]");
    same(&format!("{{\"{}\": \"{}\"}}", "k".repeat(5000), "v".repeat(5000)));
    same(&format!("{}1{}", "[".repeat(60), "]".repeat(60)));
}

#[test]
fn a_half_of_a_surrogate_pair_is_refused_as_serde_json_refuses_it() {
    for text in [r#""\ud83e""#, r#""\udd80""#, r#""\ud83ex""#, r#""\ud83e\u0041""#] {
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        assert_eq!(complaints(text).len(), 1, "{text}");
    }
}

//! What attributes are made of, in each form that a file may write: texts, numbers, lists, mappings, with and without tags.

use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::oracle::{OVERRIDE, RESET};

/// A value as a file writes it, and in its long form.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) text: Value,
    pub(super) means: Value,
}

pub(super) type Saying = BoxedStrategy<Written>;

pub(super) fn plain(value: impl Strategy<Value = Value> + 'static) -> Saying {
    value.prop_map(|value| Written { text: value.clone(), means: value }).boxed()
}

pub(super) fn one(text: &Value, means: &Value) -> Written {
    Written { text: text.clone(), means: means.clone() }
}

pub(super) fn word() -> impl Strategy<Value = String> + Clone {
    "[a-c]"
}

/// Now and then it is not laid over what was there, but put in its place or takes it away.
pub(super) fn tagged(inner: Saying) -> Saying {
    (inner, 0..10_u8)
        .prop_map(|(Written { text, means }, tag)| match tag {
            0 => Written { text: json!({ OVERRIDE: text }), means: json!({ OVERRIDE: means }) },
            1 => Written { text: json!({ RESET: text }), means: json!({ RESET: null }) },
            _ => Written { text, means },
        })
        .boxed()
}

/// A mapping of some entries.
pub(super) fn mapping(entries: Vec<(&'static str, Saying)>) -> Saying {
    let some =
        entries.into_iter().map(|(name, value)| option::of(tagged(value)).prop_map(move |it| (name, it)).boxed());
    some.collect::<Vec<_>>()
        .prop_map(|entries| {
            let said = entries.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let (mut text, mut means) = (Map::new(), Map::new());
            for (name, value) in said {
                text.insert(name.to_owned(), value.text);
                means.insert(name.to_owned(), value.means);
            }
            Written { text: Value::Object(text), means: Value::Object(means) }
        })
        .boxed()
}

/// A list of items.
pub(super) fn list(items: impl Strategy<Value = Vec<Written>> + 'static) -> Saying {
    items
        .prop_map(|items| {
            let (text, means): (Vec<_>, Vec<_>) = items.into_iter().map(|item| (item.text, item.means)).unzip();
            Written { text: json!(text), means: json!(means) }
        })
        .boxed()
}

/// Texts, none twice.
pub(super) fn texts() -> Saying {
    plain(btree_set(word(), 0..4).prop_map(|words| json!(words)))
}

/// One text, or several.
pub(super) fn one_or_more() -> Saying {
    let single = word().prop_map(|word| one(&json!(word), &json!([word])));
    prop_oneof![single, texts()].boxed()
}

/// `A: 1`, or `A=1` in a list; without a value where that may be.
pub(super) fn pairs(nullable: bool) -> Saying {
    let value = prop_oneof![
        word().prop_map(|word| (json!(word), json!(word))),
        (1..3_u8).prop_map(|number| (json!(number), json!(number.to_string()))),
        Just((json!(true), json!("true"))),
        Just(if nullable { (Value::Null, Value::Null) } else { (json!("n"), json!("n")) }),
    ];
    let entries = btree_map("[A-C]", value, 0..4).boxed();
    let as_mapping = entries.clone().prop_map(|entries| {
        let text: Map<_, _> = entries.iter().map(|(name, (text, _))| (name.clone(), text.clone())).collect();
        let means: Map<_, _> = entries.into_iter().map(|(name, (_, means))| (name, means)).collect();
        Written { text: Value::Object(text), means: Value::Object(means) }
    });
    let as_list = entries.prop_map(|entries| {
        let item = |(name, (_, means)): (&String, &(Value, Value))| match means.as_str() {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        };
        let text: Vec<String> = entries.iter().map(item).collect();
        let means: Map<_, _> = entries.into_iter().map(|(name, (_, means))| (name, means)).collect();
        Written { text: json!(text), means: Value::Object(means) }
    });
    let each = ["A", "B", "C"].map(|name| (name, plain(word().prop_map(|word| json!(word)))));
    prop_oneof![as_mapping, as_list, mapping(each.into())].boxed()
}

pub(super) fn number() -> Saying {
    plain((1..4_u8).prop_map(|number| json!(number)))
}

pub(super) fn truth() -> Saying {
    plain(any::<bool>().prop_map(|truth| json!(truth)))
}

pub(super) fn text() -> Saying {
    plain(word().prop_map(|word| json!(word)))
}

pub(super) fn time() -> Saying {
    plain((1..4_u8).prop_map(|seconds| json!(format!("{seconds}s"))))
}

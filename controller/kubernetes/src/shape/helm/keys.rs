//! What values are called: like what they are of, as an expression can name it.

use std::collections::{BTreeMap, BTreeSet};

/// The keys of what has some.
#[derive(Default)]
pub(super) struct Keys {
    /// By what they are keys of, the namespace and the name.
    known: BTreeMap<[String; 3], String>,
    /// With what they are keys of.
    taken: BTreeSet<(String, String)>,
}

impl Keys {
    /// The key of a name among those of its kind: like the name, with the namespace where another one has that key already and the
    /// chart has several namespaces.
    pub(super) fn of(&mut self, kind: &str, namespace: &str, name: &str, has_several: bool) -> String {
        let identity = [kind, namespace, name].map(str::to_owned);
        if let Some(known) = self.known.get(&identity) {
            return known.clone();
        }
        let plain = key(name);
        let mut wanted = plain.clone();
        let mut count = 1_u32;
        while !self.taken.insert((kind.to_owned(), wanted.clone())) {
            // No other key has the line in it.
            wanted = match (count, has_several) {
                (1, true) => key(&format!("{namespace}-{name}")),
                _ => format!("{plain}_{}", count + 1),
            };
            count += 1;
        }
        self.known.insert(identity, wanted.clone());
        wanted
    }
}

/// A name as a key that an expression can have: `my-db` is `myDb`.
fn key(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut key = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        key.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        key.extend(letters);
    }
    if key.starts_with(|c: char| c.is_ascii_alphabetic()) { key } else { format!("x{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_key_of_its_own_and_keeps_it() {
        let mut keys = Keys::default();
        let of = |keys: &mut Keys, namespace, name, has_several| keys.of("workloads", namespace, name, has_several);
        assert_eq!(of(&mut keys, "shop", "my-db", true), "myDb");
        assert_eq!(of(&mut keys, "blog", "my-db", true), "blogMyDb");
        assert_eq!(of(&mut keys, "blog", "my--db", true), "myDb_3");
        assert_eq!(of(&mut keys, "shop", "my--db", false), "myDb_2");
        assert_eq!(of(&mut keys, "shop", "my-db", true), "myDb");
        assert_eq!(keys.of("persistence", "shop", "my-db", false), "myDb");
    }
}

//! What the key of a document is called: `<prefix>/<kind>/<namespace>/<name>`.

use skiff_api::{Kind, ObjectKey};

/// The key of an object's document.
pub fn document_key(prefix: &str, object: &ObjectKey) -> String {
    format!("{prefix}/{}/{}/{}", object.kind.lower(), object.namespace, object.name)
}

/// The key of what an object has come to, as the controller of an instance of an engine says: beside the documents, not among them.
pub fn status_key(prefix: &str, instance: &str, engine: &str, object: &ObjectKey) -> String {
    format!("{prefix}-status/{instance}/{engine}/{}/{}/{}", object.kind.lower(), object.namespace, object.name)
}

/// The key that stands among documents while a set of them is pushed in several transactions: no object is called so.
pub fn push_key(prefix: &str) -> String {
    format!("{prefix}/.push")
}

/// The name of the election among the controllers of an instance of an engine; the keys of candidates begin with it. Beside the documents.
pub fn election_name(prefix: &str, instance: &str, engine: &str) -> String {
    format!("{prefix}-leader/{instance}/{engine}")
}

/// The object that a key names; `None` for what is no such key.
pub fn object_of(prefix: &str, key: &str) -> Option<ObjectKey> {
    let mut parts = key.strip_prefix(prefix)?.strip_prefix('/')?.split('/');
    let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = Kind::ALL.into_iter().find(|known| known.lower() == kind)?;
    let is_whole = parts.next().is_none() && !namespace.is_empty() && !name.is_empty();
    is_whole.then(|| ObjectKey::new(kind, namespace, name))
}

/// The prefixes that this one lies below, from the outermost one: `/skiff` of `/skiff/shop`.
pub fn prefixes_above(prefix: &str) -> impl Iterator<Item = &str> {
    prefix.match_indices('/').filter_map(|(at, _)| prefix.get(..at)).filter(|above| !above.is_empty())
}

/// The prefix below this one that a key belongs to: that of a document, of an election or of what objects have come to. `None` for keys
/// of this prefix, and for what nobody knows.
pub fn inner_prefix<'a>(prefix: &str, key: &'a str) -> Option<&'a str> {
    let inner = key.strip_prefix(prefix)?.strip_prefix('/')?;
    if object_of(prefix, key).is_some() {
        return None;
    }
    let above = || inner.match_indices('/').filter_map(|(at, _)| key.get(..prefix.len() + 1 + at));
    let beside = above().find_map(|part| part.strip_suffix("-leader").or_else(|| part.strip_suffix("-status")));
    beside.or_else(|| above().find(|above| object_of(above, key).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_prefix_below_are_known() {
        let object = ObjectKey::new(Kind::Job, "a", "b");
        for key in [
            document_key("/skiff/shop", &object),
            status_key("/skiff/shop", "default", "id", &object),
            format!("{}/6a", election_name("/skiff/shop", "default", "id")),
        ] {
            assert_eq!(inner_prefix("/skiff", &key), Some("/skiff/shop"), "{key}");
            assert_eq!(inner_prefix("/skiff/shop", &key), None, "{key}");
        }
        assert_eq!(inner_prefix("/skiff", &document_key("/skiff/a/shop", &object)), Some("/skiff/a/shop"));
        for key in ["/skiff/notes", "/skiff/job/a", "/skiff/.push", "/skiffer/shop/job/a/b"] {
            assert_eq!(inner_prefix("/skiff", key), None, "{key}");
        }
    }

    #[test]
    fn prefixes_above_are_known_and_the_root_is_none() {
        assert_eq!(prefixes_above("/skiff/eu/shop").collect::<Vec<_>>(), ["/skiff", "/skiff/eu"]);
        assert_eq!(prefixes_above("/skiff").count(), 0);
    }

    #[test]
    fn a_key_names_its_object_and_no_other_key_does() {
        let object = ObjectKey::new(Kind::CronJob, "shop", "nightly");
        let key = document_key("/skiff/shop", &object);
        assert_eq!(key, "/skiff/shop/cronjob/shop/nightly");
        assert_eq!(object_of("/skiff/shop", &status_key("/skiff/shop", "default", "id", &object)), None);
        assert_eq!(object_of("/skiff/shop", &format!("{}/6a", election_name("/skiff/shop", "default", "id"))), None);
        assert_eq!(object_of("/skiff/shop", &push_key("/skiff/shop")), None);
        assert_eq!(object_of("/skiff/shop", &key), Some(object));
        for other in [
            "/skiff/shop2/cronjob/a/b",
            "/skiff/shop/cronjob/a",
            "/skiff/shop/pod/a/b",
            "/skiff/shop/cronjob/a/b/c",
            "/skiff/shop/cronjob//b",
            "",
        ] {
            assert_eq!(object_of("/skiff/shop", other), None, "{other}");
        }
    }
}

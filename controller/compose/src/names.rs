//! Names of Compose as names of objects, and what Compose would have called their things.

/// A name that an object can have: Compose's own, with what DNS does not take replaced.
pub(crate) fn object(name: &str) -> String {
    let fitted: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(63).collect();
    let fitted = fitted.trim_matches('-');
    if fitted.is_empty() { "x".to_owned() } else { fitted.to_owned() }
}

/// What Compose calls a network or volume.
pub(crate) fn of_project(project: &str, key: &str) -> String {
    format!("{project}_{key}")
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn a_name_becomes_what_dns_takes() {
        assert_eq!(["db", "My_DB.1", "_a_", "__"].map(object), ["db", "my-db-1", "a", "x"]);
    }
}

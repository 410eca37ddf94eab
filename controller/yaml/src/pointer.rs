//! JSON pointers (RFC 6901): how a segment is written and read.

/// Appends one segment to a pointer.
pub(crate) fn push(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for c in segment.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// The segments of a pointer. A pointer that does not start with `/` is read as if it did.
pub(crate) fn segments(pointer: &str) -> impl Iterator<Item = String> {
    let body = pointer.strip_prefix('/').unwrap_or(pointer);
    let whole = !pointer.is_empty();
    body.split('/').filter(move |_| whole).map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

/// The item number that a segment names, if it is written as JSON pointers write one.
pub(crate) fn index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || !segment.starts_with(['0', '+']);
    if canonical { segment.parse().ok() } else { None }
}

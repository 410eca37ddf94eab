//! Ports: `[[address:]host:]container[/protocol]`, with ranges.

use skiff_yaml::{Node, Span, Value};

use super::{Context, each, mapping, text};

/// The short forms of `ports`.
pub(crate) fn ports(node: Node, context: &mut Context<'_>) -> Node {
    each(node, context, |item, context| match item.text() {
        None => vec![item],
        Some(written) => expand(&written, item.place()).unwrap_or_else(|| {
            let complaint = context.problems.wrong(item.place(), format!("`{written}` is no port"));
            complaint.help("write `8080:80`, `127.0.0.1:8080:80/tcp` or `8000-8010:80`");
            Vec::new()
        }),
    })
}

/// A short form as one long form for each port of the container.
fn expand(written: &str, place: Span) -> Option<Vec<Node>> {
    let (ports, protocol) = written.split_once('/').unwrap_or((written, "tcp"));
    let (before, target) = match ports.rsplit_once(':') {
        Some((before, target)) => (Some(before), target),
        None => (None, ports),
    };
    let (address, published) = match before.map(|before| before.rsplit_once(':')) {
        Some(Some((address, published))) => (Some(bare(address)), Some(published)),
        Some(None) => (None, before),
        None => (None, None),
    };
    let published = published.filter(|published| !published.is_empty());
    let targets = range(target)?;
    let host = match published {
        Some(published) => Some(range(published)?),
        None => None,
    };
    let one = |target: u16, published: Option<String>| {
        let entries = [
            ("target", Some(Value::Int(i64::from(target)))),
            ("published", published.map(text)),
            ("host_ip", address.map(text)),
            ("protocol", Some(text(protocol.to_ascii_lowercase()))),
        ];
        mapping(place, entries)
    };
    let count = targets.1.checked_sub(targets.0)?;
    match host {
        None => Some((targets.0..=targets.1).map(|target| one(target, None)).collect()),
        Some(_) if count == 0 => Some(vec![one(targets.0, published.map(str::to_owned))]),
        Some((first, last)) if last.checked_sub(first)? == count => Some(
            (targets.0..=targets.1)
                .zip(first..=last)
                .map(|(target, host)| one(target, Some(host.to_string())))
                .collect(),
        ),
        Some(_) => None,
    }
}

/// One number, or the first and the last of a range.
pub(crate) fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last))
}

fn bare(address: &str) -> &str {
    address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use skiff_yaml::{FileId, Node, Position, Span};

    use super::expand;

    /// The ports as `address published target protocol`.
    fn shown(written: &str) -> String {
        let place = Span::new(FileId(0), Position::START, Position::START);
        let ports = expand(written, place).unwrap_or_default();
        let word = |port: &Node, name: &str| port.get(name).and_then(Node::text).unwrap_or_else(|| "-".to_owned());
        let line = |port: &Node| ["host_ip", "published", "target", "protocol"].map(|name| word(port, name)).join(" ");
        ports.iter().map(line).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn every_short_form_is_read() {
        let table = [
            ("80", "- - 80 tcp"),
            ("8080:80", "- 8080 80 tcp"),
            ("127.0.0.1::80", "127.0.0.1 - 80 tcp"),
            ("[::1]:53:5353/udp", "::1 53 5353 udp"),
            ("::1:53:5353/UDP", "::1 53 5353 udp"),
            ("8000-8005:80", "- 8000-8005 80 tcp"),
            ("80-81:90-91", "- 80 90 tcp, - 81 91 tcp"),
            ("3000-3001", "- - 3000 tcp, - - 3001 tcp"),
        ];
        for (written, ports) in table {
            assert_eq!(shown(written), ports, "{written}");
        }
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for written in ["", "a", "80:", "80-82:1-2", "9-8", "70000", "1:2:3:x"] {
            assert_eq!(shown(written), "", "{written}");
        }
    }
}

//! Devices of the host, by path and by what they can do.

use skiff_yaml::{Node, Value};

use super::Converter;
use super::service::Service;
use crate::manifest::{list, mapping, text};

const REQUESTS: &str = "template/container/deviceRequests";

impl Converter<'_, '_, '_> {
    pub(super) fn devices(&mut self, service: &mut Service<'_>) {
        for device in service.items("devices") {
            let target =
                device.get("target").filter(|target| target.text() != device.get("source").and_then(Node::text));
            let entries = [
                ("path", device.get("source").cloned()),
                ("containerPath", target.cloned()),
                ("permissions", device.get("permissions").cloned()),
            ];
            service.push("template/container/devices", mapping(device.place(), entries));
        }
        for wanted in service.items("deploy.resources.reservations.devices") {
            let request = self.request(wanted, false);
            service.push(REQUESTS, request);
        }
        for wanted in service.items("gpus") {
            let request = self.request(wanted, true);
            service.push(REQUESTS, request);
        }
    }

    fn request(&mut self, wanted: &Node, is_gpu: bool) -> Node {
        let place = wanted.place();
        let count = wanted.get("count").and_then(|node| self.count(node));
        // Without a count and without ids it is all of them.
        let count = count.or_else(|| wanted.get("device_ids").is_none().then(|| Node::new(Value::Int(-1), place)));
        let mut words: Vec<Node> = wanted.get("capabilities").and_then(Node::as_sequence).unwrap_or_default().to_vec();
        if is_gpu && !words.iter().any(|word| word.as_str() == Some("gpu")) {
            words.push(text("gpu", place));
        }
        let capabilities = (!words.is_empty()).then(|| list(vec![list(words, place)], place));
        let entries = [
            ("driver", wanted.get("driver").cloned()),
            ("count", count),
            ("deviceIDs", wanted.get("device_ids").cloned()),
            ("capabilities", capabilities),
            ("options", wanted.get("options").cloned()),
        ];
        mapping(place, entries)
    }

    fn count(&mut self, node: &Node) -> Option<Node> {
        let written = node.text()?;
        let count = if written == "all" { Some(-1) } else { written.parse::<i64>().ok() };
        if count.is_none() {
            self.problems.wrong(node.place(), format!("`count` cannot be `{written}`")).help("write a number or `all`");
        }
        Some(Node::new(Value::Int(count?), node.place()))
    }
}

//! A whole project around the example of an attribute, for tests of what becomes of it.

use super::Attribute;

/// Files that the examples name, beside `compose.yaml`.
pub const FILES: [(&str, &str); 4] = [
    ("a.env", "FROM_FILE=1\n"),
    ("raw.env", "RAW='$X'\n"),
    ("other.yaml", "services: { c: { image: i } }\n"),
    ("none.txt", ""),
];

/// A project around an attribute of service `a`.
pub fn of_service(attribute: &Attribute) -> String {
    let name = attribute.path.split('.').next().unwrap_or_default();
    let image = if ["image", "extends", "provider", "build"].contains(&name) { "" } else { "    image: i\n" };
    let example = attribute.example.trim_matches(['{', '}']);
    let whole = attribute.example.starts_with('{');
    let lines: Vec<String> = if whole {
        example.split(", ").map(|line| format!("    {line}\n")).collect()
    } else {
        vec![format!("    {}\n", attribute.example)]
    };
    format!(
        "name: p\nservices:\n  a:\n{image}{}  b: {{ image: i }}\nnetworks: {{ front: , back: }}\nvolumes: {{ data: }}\n\
         configs: {{ conf: {{ content: x }} }}\nsecrets: {{ key: {{ environment: KEY }} }}\nmodels: {{ m: }}\n",
        lines.concat()
    )
}

/// A project around an attribute of the top, with a service that uses what it declares.
pub fn of_project(attribute: &Attribute) -> String {
    let uses = match attribute.path.split('.').next() {
        Some("networks") => ", networks: [net]",
        Some("volumes") => ", volumes: ['vol:/v']",
        Some("configs") => ", configs: [c]",
        Some("secrets") => ", secrets: [s]",
        _ => "",
    };
    let name = if attribute.path == "name" { "" } else { "name: p\n" };
    format!("{name}{}\nservices: {{ a: {{ image: i{uses} }} }}\n", attribute.example)
}

//! Where output goes. JSON files are rotated unless the manifest says otherwise: unrotated ones fill disks.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skiff_api::Logging;

const JSON_FILE: &str = "json-file";
const ROTATION: [(&str, &str); 2] = [("max-size", "10m"), ("max-file", "3")];

/// The `LogConfig`, `None` where the engine's own is meant and is not JSON files.
pub(super) fn log_config(logging: Option<&Logging>, engine_driver: &str) -> Option<Value> {
    let Logging { driver, options } = logging.cloned().unwrap_or_default();
    let named = driver.is_some();
    let driver = driver.unwrap_or_else(|| engine_driver.to_owned());
    if driver == JSON_FILE {
        let rotation: BTreeMap<String, String> =
            ROTATION.into_iter().map(|(option, value)| (option.to_owned(), value.to_owned())).chain(options).collect();
        return Some(json!({ "Type": driver, "Config": rotation }));
    }
    (named || !options.is_empty()).then(|| json!({ "Type": driver, "Config": options }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_files_are_rotated_and_other_drivers_left_alone() {
        let rotated = json!({ "Type": "json-file", "Config": { "max-size": "10m", "max-file": "3" } });
        let named = |driver: &str| Logging { driver: Some(driver.to_owned()), options: BTreeMap::new() };
        assert_eq!(log_config(None, "json-file"), Some(rotated.clone()));
        assert_eq!(log_config(Some(&named("json-file")), "journald"), Some(rotated));
        assert_eq!(log_config(None, "journald"), None);
        assert_eq!(log_config(Some(&named("none")), "json-file"), Some(json!({ "Type": "none", "Config": {} })));
    }

    #[test]
    fn the_manifest_s_own_rotation_wins() {
        let options = BTreeMap::from([("max-size".to_owned(), "1m".to_owned())]);
        let config = log_config(Some(&Logging { driver: None, options }), "json-file");
        assert_eq!(config, Some(json!({ "Type": "json-file", "Config": { "max-size": "1m", "max-file": "3" } })));
    }
}

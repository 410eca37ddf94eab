//! The chart, rendered by an engine for Go's templates that is not ours, gives what a plain export gives.

use std::collections::{BTreeMap, BTreeSet};

use gtmpl::{Context, FuncError, Template, Value as Rendered};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skiff_kubernetes::{Export, Files, Options, Shape, files};
use skiff_yaml::{FileId, Limits, Profile, parse};

use crate::examples::quickstart;
use crate::support::Stack;

fn rendered(value: &Value) -> Rendered {
    match value {
        Value::Null => Rendered::Nil,
        Value::Bool(truth) => Rendered::from(*truth),
        Value::Number(number) => Rendered::from(number.as_i64().expect("a whole number")),
        Value::String(text) => Rendered::from(text.clone()),
        Value::Array(items) => Rendered::Array(items.iter().map(rendered).collect()),
        Value::Object(fields) => {
            Rendered::Object(fields.iter().map(|(key, value)| (key.clone(), rendered(value))).collect())
        }
    }
}

/// Helm's function of this name.
fn to_json(arguments: &[Rendered]) -> Result<Rendered, FuncError> {
    fn plain(value: &Rendered) -> Value {
        if let Rendered::Object(fields) | Rendered::Map(fields) = value {
            // As Go writes them: in order.
            let fields: BTreeMap<&String, Value> = fields.iter().map(|(key, value)| (key, plain(value))).collect();
            return Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), value)).collect());
        }
        // Resources have texts only.
        Value::String(value.to_string())
    }
    let value = arguments.first().ok_or_else(|| FuncError::ExactlyXArgs("toJson".to_owned(), 1))?;
    Ok(Rendered::from(plain(value).to_string()))
}

/// What hex digits of SHA-256 a text has, as Helm's function of this name says.
fn sha256sum(arguments: &[Rendered]) -> Result<Rendered, FuncError> {
    let text = arguments.first().ok_or_else(|| FuncError::ExactlyXArgs("sha256sum".to_owned(), 1))?;
    let digest = Sha256::digest(text.to_string());
    Ok(Rendered::from(
        digest
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|it| char::from_digit(it.into(), 16))
            .collect::<String>(),
    ))
}

/// Helm's function of this name: the first so many characters.
fn trunc(arguments: &[Rendered]) -> Result<Rendered, FuncError> {
    let [Rendered::Number(count), text] = arguments else {
        return Err(FuncError::ExactlyXArgs("trunc".to_owned(), 2));
    };
    let count = count.as_u64().and_then(|count| count.try_into().ok()).unwrap_or_default();
    Ok(Rendered::from(text.to_string().chars().take(count).collect::<String>()))
}

fn read(text: &str) -> Vec<Value> {
    let parsed = parse(text, FileId(0), Profile::Kubernetes, &Limits::default());
    assert!(parsed.problems.is_empty(), "{:?}\n{text}", parsed.problems);
    parsed.documents.iter().map(|document| document.root.to_json()).collect()
}

/// What the templates of a chart make of values.
fn render(chart: &Files, values: &Value, namespace: &str) -> Vec<Value> {
    let context = json!({ "Values": values, "Release": { "Namespace": namespace, "Name": "release" } });
    let mut objects = Vec::new();
    for (path, text) in chart.iter().filter(|(path, _)| path.starts_with("templates/")) {
        let mut template = Template::default();
        template.add_func("toJson", to_json);
        template.add_func("sha256sum", sha256sum);
        template.add_func("trunc", trunc);
        template.parse(text.as_str()).unwrap_or_else(|error| panic!("{path}: {error}"));
        let text =
            template.render(&Context::from(rendered(&context))).unwrap_or_else(|error| panic!("{path}: {error}"));
        objects.extend(read(&text).into_iter().filter(|object| !object.is_null()));
    }
    objects
}

/// Without what says nothing to Kubernetes: nulls, and no resources at all.
fn meaning(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let says = |key: &str, value: &Value| !value.is_null() && (key != "resources" || *value != json!({}));
            let kept = fields.iter().filter(|(key, value)| says(key, value));
            Value::Object(kept.map(|(key, value)| (key.clone(), meaning(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(meaning).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn sorted(objects: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut objects: Vec<Value> = objects.into_iter().map(|object| meaning(&object)).collect();
    objects.sort_by_key(|object| {
        [object.pointer("/kind"), object.pointer("/metadata/name")].map(|it| it.map(Value::to_string))
    });
    objects
}

fn values(chart: &Files) -> Value {
    read(chart.get("values.yaml").expect("values")).pop().expect("a document")
}

/// A stack with what charts make expressions of, and texts that look like expressions.
fn stack() -> Export {
    let published = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: my-shop, namespace: quickstart }\nspec: { template: { container: { image: 'a/b:1@sha256:0000000000000000000000000000000000000000000000000000000000000000', env: [{ name: T, value: '{{ .Values.x }} }}' }], ports: [{ containerPort: 80, hostPort: 80, appProtocol: http }] } } }";
    let job = "apiVersion: skiff.dev/v1\nkind: Job\nmetadata: { name: seed, namespace: quickstart }\nspec: { template: { container: { image: 'a/b:1', resources: { limits: { memory: 64Mi } } } } }";
    let waits = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: waits, namespace: quickstart }\nspec: { template: { container: { image: 'a/b:1' } }, dependsOn: [{ name: seed, condition: Completed }] }";
    Stack::of(&[&quickstart(), published, job, waits].join("\n---\n")).export_with(&Options::default())
}

#[test]
fn a_chart_with_its_own_values_gives_what_a_plain_export_does() {
    let export = stack();
    let chart = files(&export, &Shape::Helm);
    let plain = export.objects.iter().map(|object| object.value.clone());
    let plain = sorted(plain.filter(|object| object.pointer("/kind") != Some(&json!("Namespace"))));
    let rendered = sorted(render(&chart, &values(&chart), "quickstart"));
    assert_eq!(rendered.len(), plain.len());
    for (rendered, plain) in rendered.iter().zip(&plain) {
        assert_eq!(rendered, plain);
    }
}

#[test]
fn what_is_changed_in_the_values_is_changed_in_the_objects() {
    let chart = files(&stack(), &Shape::Helm);
    let mut changed = values(&chart);
    for (pointer, value) in [
        ("/workloads/web/replicas", json!(7)),
        ("/workloads/web/image/tag", json!("2")),
        ("/workloads/counter/resources", json!({ "limits": { "memory": "1Gi" } })),
        ("/persistence/counterVisits/size", json!("50Gi")),
        ("/persistence/counterVisits/storageClass", json!("fast")),
        ("/ingress/hosts/myShop", json!("shop.example.com")),
        ("/networkPolicy/enabled", json!(false)),
    ] {
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is no value")) = value;
    }
    let objects = render(&chart, &changed, "elsewhere");
    let of = |kind: &str, name: &str, pointer: &str| {
        let is_it = |it: &&Value| {
            it.pointer("/kind") == Some(&json!(kind)) && it.pointer("/metadata/name") == Some(&json!(name))
        };
        objects.iter().find(is_it).and_then(|it| it.pointer(pointer)).cloned().unwrap_or_default()
    };
    assert_eq!(of("Deployment", "web", "/spec/replicas"), 7);
    assert_eq!(of("Deployment", "web", "/spec/template/spec/containers/0/image"), "skiff/quickstart:2");
    assert_eq!(of("StatefulSet", "counter", "/spec/template/spec/containers/0/resources/limits/memory"), "1Gi");
    assert_eq!(of("StatefulSet", "counter", "/spec/volumeClaimTemplates/0/spec/resources/requests/storage"), "50Gi");
    assert_eq!(of("StatefulSet", "counter", "/spec/volumeClaimTemplates/0/spec/storageClassName"), "fast");
    assert_eq!(of("Ingress", "my-shop", "/spec/rules/0/host"), "shop.example.com");
    assert!(objects.iter().all(|it| it.pointer("/kind") != Some(&json!("NetworkPolicy"))));
    assert!(objects.iter().all(|it| it.pointer("/metadata/namespace") == Some(&json!("elsewhere"))));
}

#[test]
fn the_schema_knows_every_value() {
    let chart = files(&stack(), &Shape::Helm);
    let schema: Value = serde_json::from_str(chart.get("values.schema.json").expect("a schema")).expect("JSON");
    let known = schema.pointer("/properties/workloads/properties/web/properties").and_then(Value::as_object);
    let known: BTreeSet<&str> = known.expect("the values of web").keys().map(String::as_str).collect();
    assert_eq!(known, ["image", "replicas", "resources"].into());
    assert_eq!(schema.pointer("/properties/ingress/properties/hosts/additionalProperties"), Some(&json!(false)));
}

/// The names of jobs, and everything that names one, by the kind and name of what does.
fn jobs(objects: &[Value]) -> Vec<(String, String)> {
    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|it| texts(it, found)),
            Value::Object(fields) => fields.values().for_each(|it| texts(it, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut named = Vec::new();
    for object in objects {
        let kind = object.pointer("/kind").and_then(Value::as_str).unwrap_or_default();
        let app =
            object.pointer("/metadata/labels/app.kubernetes.io~1name").and_then(Value::as_str).unwrap_or_default();
        let mut found = Vec::new();
        match kind {
            "Job" => found.extend(object.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned)),
            "Role" => texts(object.pointer("/rules/0/resourceNames").unwrap_or(&Value::Null), &mut found),
            _ => {}
        }
        let mut all = Vec::new();
        texts(object, &mut all);
        found.extend(all.iter().filter_map(|text| text.strip_prefix("job/")).map(str::to_owned));
        named.extend(found.into_iter().map(|name| (format!("{kind} {app}"), name)));
    }
    named
}

#[test]
fn a_job_whose_values_change_is_another_one_and_so_is_whoever_waits_for_it() {
    let documents = ["schema", "seed", "other"].map(|name| {
        let waits = if name == "seed" { ", dependsOn: [{ name: schema, condition: Completed }]" } else { "" };
        format!("apiVersion: skiff.dev/v1\nkind: Job\nmetadata: {{ name: {name}, namespace: shop }}\nspec: {{ template: {{ container: {{ image: 'a/b:1' }} }}{waits} }}")
    });
    let web = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: web, namespace: shop }\nspec: { template: { container: { image: 'a/b:1' } }, dependsOn: [{ name: seed, condition: Completed }] }";
    let stack = Stack::of(&format!("{}\n---\n{web}", documents.join("\n---\n")));
    let chart = files(&stack.export_with(&Options::default()), &Shape::Helm);
    let before = jobs(&render(&chart, &values(&chart), "shop"));
    let mut changed = values(&chart);
    *changed.pointer_mut("/workloads/schemaJob/image/tag").expect("a tag") = json!("2");
    let after = jobs(&render(&chart, &changed, "shop"));
    assert_eq!(before.len(), after.len());
    let differs: Vec<String> = before
        .iter()
        .zip(&after)
        .map(|((what, old), (_, new))| {
            assert!(new.starts_with(old.as_str()) && new.len() <= 63, "{new} instead of {old}");
            format!(
                "{what}: {} {}",
                old.split('-').next().unwrap_or_default(),
                if old == new { "same" } else { "another" }
            )
        })
        .collect();
    insta::assert_snapshot!(differs.join("\n"), @"
    Job other-job: other same
    Job schema-job: schema another
    Role seed-job: schema another
    Job seed-job: seed another
    Job seed-job: schema another
    Job seed-job: schema another
    Role web: seed another
    Deployment web: seed another
    Deployment web: seed another
    ");
    for name in ["schema", "seed"] {
        let of = |named: &[(String, String)]| -> BTreeSet<String> {
            named.iter().map(|(_, job)| job.clone()).filter(|job| job.starts_with(name)).collect()
        };
        assert_eq!((of(&before).len(), of(&after).len()), (1, 1), "all name the same one");
    }
}

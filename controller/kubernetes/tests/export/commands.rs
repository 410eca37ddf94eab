//! The commands of the report: how what was written is applied, and what a shape asks for before.

use skiff_kubernetes::{Options, Shape, files};

use crate::support::Stack;
use crate::workloads::deployment;

fn shop() -> String {
    deployment("web", "{ template: { container: { image: a:1 } } }")
        .replace("name: web }", "name: web, namespace: shop }")
}

fn hardened() -> Options {
    Options { hardened: true, ..Options::default() }
}

fn report(text: &str, options: &Options, shape: &Shape) -> String {
    files(&Stack::of(text).export_with(options), shape).remove("REPORT.md").expect("a report")
}

#[test]
fn each_shape_is_applied_by_its_own_command() {
    let of = |shape: &Shape| shape.commands(&Stack::of(&shop()).export(), "my k8s");
    assert_eq!(of(&Shape::Plain), ["kubectl apply -f 'my k8s/manifests'"]);
    assert_eq!(of(&Shape::Kustomize([].into())), ["kubectl apply -k 'my k8s/overlays/default'"]);
    assert_eq!(of(&Shape::Helm), ["helm install shop 'my k8s' -n shop --create-namespace"]);
    let two = format!("{}{}", shop(), deployment("web", "{ template: { container: { image: a:1 } } }"));
    assert_eq!(Shape::Helm.commands(&Stack::of(&two).export(), "k8s"), ["helm install stack k8s"]);
    for shape in [Shape::Plain, Shape::Helm] {
        let page = report(&shop(), &Options::default(), &shape);
        let command = shape.commands(&Stack::of(&shop()).export(), ".").join("\n");
        assert!(page.contains(&format!("```sh\n{command}\n```")), "{page}");
    }
}

#[test]
fn an_environments_report_says_how_it_is_applied() {
    let prod = Stack::of(&shop()).export();
    let shape = Shape::Kustomize([("prod".to_owned(), prod)].into());
    let page = files(&Stack::of(&shop()).export(), &shape).remove("overlays/prod/REPORT.md").expect("a report");
    assert!(page.contains("kubectl apply -k ./overlays/prod\n"), "{page}");
}

#[test]
fn a_charts_namespace_is_labelled_before_its_pods_come() {
    let export = Stack::of(&shop()).export_with(&hardened());
    let label = "kubectl label --overwrite namespace shop pod-security.kubernetes.io/audit=restricted pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted";
    assert_eq!(
        Shape::Helm.commands(&export, "k8s"),
        ["kubectl create namespace shop", label, "helm install shop k8s -n shop --create-namespace"]
    );
    let chart = report(&shop(), &hardened(), &Shape::Helm);
    assert!(chart.contains("- Namespace `shop`: ") && chart.contains(&format!("`{label}`")), "{chart}");
    let plain = report(&shop(), &hardened(), &Shape::Plain);
    assert!(!plain.contains("- Namespace `shop`: "), "the namespace is among its objects: {plain}");
}

#[test]
fn the_namespace_that_is_there_before_is_labelled_by_hand() {
    let text = deployment("web", "{ template: { container: { image: a:1 } } }");
    for shape in [Shape::Plain, Shape::Helm] {
        let page = report(&text, &hardened(), &shape);
        assert!(page.contains("`kubectl label --overwrite namespace default pod-security"), "{page}");
        assert!(!report(&text, &Options::default(), &shape).contains("kubectl label"));
    }
}

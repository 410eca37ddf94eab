//! `skiff export kubernetes`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;
use skiff_api::{Instance, ObjectKey};
use skiff_kubernetes::{Environments, Export, KubernetesVersion, Options, Report, Shape, Usage, Verdict, quoted, yaml};

use super::write;
use crate::cli::paths::PathArgs;
use crate::cli::{CliError, Context, Exit, Output, engine};
use crate::export;
use crate::session::{named_by_address, refuse_mistakes};
use crate::source::{self, Loaded, SourceOptions};
use crate::state::Good;
use crate::ui::data;

const PUBLISHING: &str = "What is published";
const STORAGE: &str = "Storage";

/// Kubernetes YAML that can be applied as it is, and a report of what became of each field
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff export kubernetes ./manifests | kubectl apply -f -\n  \
    skiff export kubernetes compose.yaml --dir k8s      files, REPORT.md and report.json\n  \
    skiff export kubernetes . --dir k8s --hardened --domain shop.example.com\n  \
    skiff export kubernetes . --dir k8s --format kustomize --overlay ./staging --overlay ./prod\n  \
    skiff export kubernetes . --strict >/dev/null       1 when something is lost or must be decided\n\n\
    Nothing is dropped without a word: read REPORT.md first. `-n` puts everything into one namespace,\n\
    `-o json` writes a List for programs.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Args {
    /// Where the manifests are.
    #[command(flatten)]
    manifests: PathArgs,
    /// Write files into this folder, with REPORT.md and report.json, instead of one text to stdout.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How the files are laid out.
    #[arg(long, value_name = "SHAPE", default_value = "plain", requires = "dir")]
    format: Format,
    /// The cluster's version, 1.30 to 1.35: what it lacks is left out and reported.
    #[arg(long, value_name = "VERSION", default_value_t)]
    kubernetes_version: KubernetesVersion,
    /// End with 1 when something is lost or waits for a decision.
    #[arg(long)]
    strict: bool,
    /// Add what the restricted Pod Security level asks for.
    #[arg(long)]
    hardened: bool,
    /// Ask for what the replicas on this host are seen to use, where the source says nothing.
    #[arg(long)]
    requests_from_usage: bool,
    /// Take all images from this registry; the report lists what to push.
    #[arg(long, value_name = "REGISTRY")]
    image_registry: Option<String>,
    /// Have every pod pull its images with this Secret.
    #[arg(long, value_name = "SECRET")]
    image_pull_secret: Option<String>,
    /// Publish HTTP through this Gateway instead of an Ingress.
    #[arg(long, value_name = "[NAMESPACE/]NAME", help_heading = PUBLISHING, conflicts_with = "ingress_class")]
    gateway: Option<String>,
    /// The class of Ingresses, where it is not the cluster's default.
    #[arg(long, value_name = "NAME", help_heading = PUBLISHING)]
    ingress_class: Option<String>,
    /// The domain below which what is published by HTTP gets its names.
    #[arg(long, value_name = "DOMAIN", help_heading = PUBLISHING)]
    domain: Option<String>,
    /// Publish what is no HTTP on a port of every node instead of by a load balancer.
    #[arg(long, help_heading = PUBLISHING)]
    node_ports: bool,
    /// The class of claims, where it is not the cluster's default.
    #[arg(long, value_name = "NAME", help_heading = STORAGE)]
    storage_class: Option<String>,
    /// The size of each claim, 10Gi unless said otherwise.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = STORAGE)]
    storage_size: Option<String>,
    /// Let pods on several nodes share a claim; else those that do are kept on one node.
    #[arg(long, help_heading = STORAGE)]
    read_write_many: bool,
}

/// How the files are laid out.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One file for each workload.
    Plain,
    /// A base, components, and an overlay for each `--overlay`.
    Kustomize,
    /// A chart of Helm's, with values and their schema.
    Helm,
}

fn size(text: &str) -> Result<String, String> {
    let size: skiff_api::Bytes = text.parse().map_err(|error: skiff_api::ScalarError| error.to_string())?;
    Ok(size.to_string())
}

/// Exports.
///
/// # Errors
/// When there is a mistake in the manifests, or what comes out cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let options = options(args, context.settings.instance.clone(), context.settings.namespace.clone());
    let source = args.manifests.source(&context.settings);
    if !named_by_address(&source)?.is_empty() {
        let help = "get a copy of it (`git clone`), and name the folder: files beside the manifests are read, too";
        return Err(CliError::refused("a repository is not exported from afar", help));
    }
    // Each environment of a kustomization is its own; elsewhere they are laid over one another.
    let is_apart = matches!(args.format, Format::Kustomize);
    let overlays = if is_apart { Vec::new() } else { source.overlays.clone() };
    let wanted = Wanted { options, usage: args.requests_from_usage.then(|| usage(context)).transpose()? };
    let export = exported(SourceOptions { overlays, ..source.clone() }, &wanted, context)?;
    let mut reports = vec![export.report.clone()];
    match &args.dir {
        Some(dir) => {
            let shape = match args.format {
                Format::Plain => Shape::Plain,
                Format::Helm => Shape::Helm,
                Format::Kustomize => Shape::Kustomize(environments(&source, &wanted, context)?),
            };
            if let Shape::Kustomize(environments) = &shape {
                reports.extend(environments.values().map(|export| export.report.clone()));
            }
            let files = skiff_kubernetes::files(&export, &shape);
            write::folder(dir, &files)?;
            let dir = dir.display();
            let next = shape.commands(&export, &dir.to_string()).join(" && ");
            context.ui.say(&format!("{} files are in {dir}; next: `{next}`", files.len()));
        }
        None => answer(&export, context)?,
    }
    context.ui.say(&summary(&export.report, args.dir.is_some()));
    if args.strict && reports.iter().any(Report::is_lossy) {
        return Err(CliError::Reported);
    }
    Ok(Exit::Done)
}

/// How to export, and what runs here.
struct Wanted {
    options: Options,
    usage: Option<BTreeMap<ObjectKey, Usage>>,
}

/// What the workloads of the instance use.
fn usage(context: &Context) -> Result<BTreeMap<ObjectKey, Usage>, CliError> {
    Context::block_on(async {
        let docker = engine::connect(&context.settings).await?;
        Ok(export::usage::of_host(&docker, &context.settings.instance).await?)
    })
}

/// What a source exports.
fn exported(source: SourceOptions, wanted: &Wanted, context: &mut Context) -> Result<Export, CliError> {
    let loaded = source::merge_last_good(source::load(&source), &Good::default(), &source.instance);
    refuse_mistakes(std::slice::from_ref(&loaded), &mut context.ui)?;
    refuse_twins(&loaded, &wanted.options)?;
    Ok(export::kubernetes(&loaded, &wanted.options, wanted.usage.as_ref()))
}

/// What each overlay makes of the manifests, by its name.
fn environments(source: &SourceOptions, wanted: &Wanted, context: &mut Context) -> Result<Environments, CliError> {
    let mut environments = Environments::new();
    for overlay in &source.overlays {
        let name = overlay.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let export = exported(SourceOptions { overlays: vec![overlay.clone()], ..source.clone() }, wanted, context)?;
        if name == "default" || name.is_empty() || environments.insert(name.clone(), export).is_some() {
            let message = format!("`--overlay {}` cannot be an environment called `{name}`", overlay.display());
            return Err(CliError::refused(message, "each needs a name of its own, and `default` is that of none"));
        }
    }
    Ok(environments)
}

fn options(args: &Args, instance: Instance, namespace: Option<String>) -> Options {
    Options {
        version: args.kubernetes_version,
        hardened: args.hardened,
        gateway: args.gateway.clone(),
        ingress_class: args.ingress_class.clone(),
        domain: args.domain.clone(),
        node_ports: args.node_ports,
        storage_class: args.storage_class.clone(),
        storage_size: args.storage_size.clone(),
        read_write_many: args.read_write_many,
        image_registry: args.image_registry.clone(),
        image_pull_secret: args.image_pull_secret.clone(),
        source: Some(named(&args.manifests)),
        instance,
        namespace,
    }
}

/// The manifests as a command names them.
fn named(manifests: &PathArgs) -> String {
    let paths = manifests.paths.iter().map(|path| quoted(&path.display().to_string()));
    let flags = [("overlay", &manifests.overlays), ("env-file", &manifests.compose.env_files)];
    let flags = flags.into_iter().flat_map(|(flag, paths)| paths.iter().map(move |path| (flag, path)));
    let flags = flags.map(|(flag, path)| format!("--{flag} {}", quoted(&path.display().to_string())));
    let profiles = manifests.compose.profiles.iter().map(|name| format!("--profile {}", quoted(name)));
    paths.chain(flags).chain(profiles).collect::<Vec<_>>().join(" ")
}

/// What has one name in two namespaces cannot go into one.
fn refuse_twins(loaded: &Loaded, options: &Options) -> Result<(), CliError> {
    let Some(namespace) = &options.namespace else { return Ok(()) };
    let mut seen = BTreeSet::new();
    match loaded.objects.keys().find(|key| !seen.insert((key.kind, &key.name))) {
        None => Ok(()),
        Some(twin) => Err(CliError::refused(
            format!("`-n {namespace}` would put two {} called `{}` into one namespace", twin.kind.plural(), twin.name),
            "leave `-n` out, or export one namespace after the other",
        )),
    }
}

fn answer(export: &Export, context: &mut Context) -> Result<(), CliError> {
    let values = export.objects.iter().map(|object| &object.value);
    let text = match context.settings.output {
        Output::Json => {
            data::json(&json!({ "apiVersion": "v1", "kind": "List", "items": values.collect::<Vec<_>>() }))?
        }
        Output::Name => export.objects.iter().map(|object| object.name() + "\n").collect(),
        Output::Text | Output::Wide | Output::Yaml => yaml::documents(values),
    };
    Ok(context.ui.answer(&text)?)
}

/// What somebody must know who reads no more than this.
fn summary(report: &Report, has_files: bool) -> String {
    let grave = |verdict: &&Verdict| matches!(verdict, Verdict::Dropped | Verdict::NeedsInput);
    let mut lines = Vec::new();
    for verdict in Verdict::ALL.iter().filter(grave) {
        for row in report.rows.iter().filter(|row| row.verdict == *verdict) {
            let skiff_kubernetes::Row { place, key, why, .. } = row;
            let key = if key.is_empty() { &row.object } else { key };
            lines.push(format!("{place}: {key}: {verdict}: {why}"));
        }
    }
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    let counts: Vec<String> =
        Verdict::ALL.iter().map(|verdict| format!("{} {verdict}", report.count(*verdict))).collect();
    let rest = if has_files { "REPORT.md says all of it" } else { "`--dir DIR` writes all of it to DIR/REPORT.md" };
    lines.push(format!("{}; {rest}", counts.join(", ")));
    lines.join("\n")
}

/// How many lines of the report are told.
const SHOWN: usize = 12;

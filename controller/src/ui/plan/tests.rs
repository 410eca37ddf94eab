//! A plan as it is printed, for people and for programs.

use anstream::adapter::strip_str;
use jiff::Timestamp;
use skiff_api::{DependencyCondition, Kind, PullPolicy};
use skiff_core::{
    Action, ContainerRef, Held, HeldReason, InPlace, Pending, PullImage, Step, StepId, StopContainer, StopFirst,
    UpdateContainer,
};

use super::*;

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", name)
}

fn reference(name: &str) -> ContainerRef {
    ContainerRef { id: None, name: name.to_owned() }
}

fn image_changed() -> Reason {
    let image = Change::new("container.image", Some("shop/api:1.1".to_owned()), Some("shop/api:1.2".to_owned()));
    Reason::Outdated { changes: vec![image, Change::new("container.env[TOKEN]", None, None)] }
}

fn stop(name: &str) -> Action {
    Action::StopContainer(StopContainer { container: reference(name), grace_seconds: 10, pre_stop: None })
}

fn remove(name: &str) -> Action {
    Action::RemoveContainer { container: reference(name), volumes: Vec::new() }
}

fn pull() -> Action {
    Action::PullImage(PullImage { image: "shop/api:1.2".to_owned(), platform: None, policy: PullPolicy::IfNotPresent })
}

fn plan() -> Plan {
    let update = UpdateContainer { container: reference("shop-web-1"), to: InPlace::default() };
    let limit = Change::new("container.resources.limits.cpu", Some("1".to_owned()), Some("2".to_owned()));
    let steps = [
        ("api", pull(), Reason::Needed),
        ("api", stop("shop-api-1"), image_changed()),
        ("api", remove("shop-api-1"), image_changed()),
        ("api", remove("shop-api-2"), image_changed()),
        ("web", Action::UpdateContainer(update), Reason::Adjusted { changes: vec![limit] }),
        ("old", stop("shop-old-1"), Reason::Orphaned),
        ("old", remove("shop-old-1"), Reason::Orphaned),
    ];
    let steps = steps.into_iter().enumerate().map(|(id, (object, action, reason))| Step {
        id: StepId(id),
        object: key(object),
        hash: String::new(),
        action,
        reason,
        after: Vec::new(),
    });
    let pending = vec![Pending { verb: "create container", target: "shop-job-1".to_owned(), reason: Reason::Missing }];
    let waiting = HeldReason::WaitingFor { dependency: key("db"), condition: DependencyCondition::Ready };
    let held = vec![
        Held { object: key("worker"), why: waiting, pending },
        Held { object: key("api"), why: HeldReason::Paused, pending: Vec::new() },
    ];
    Plan { steps: steps.collect(), held, wake_at: Some(Timestamp::UNIX_EPOCH), ..Plan::default() }
}

#[test]
fn the_calls_for_one_container_are_one_line_with_its_reason() {
    insta::assert_snapshot!(strip_str(&text(&plan(), false)).to_string(), @r"
    deployment/shop/api
      · pull image shop/api:1.2      needed
      - remove container shop-api-1  outdated
          container.image: shop/api:1.1 → shop/api:1.2
          container.env[TOKEN]: changed
      - remove container shop-api-2  outdated, as above
      ! the rollout is paused

    deployment/shop/web
      ~ update container shop-web-1  adjusted in place
          container.resources.limits.cpu: 1 → 2

    deployment/shop/old
      - remove container shop-old-1  no longer declared

    deployment/shop/worker
      … waiting for deployment/shop/db to be Ready
          + create container shop-job-1  missing

    1 to update, 3 to remove; 1 waiting, 1 held
    ");
}

#[test]
fn replacements_that_wait_for_another_one_are_counted_with_it() {
    let replace = |name: &str| Pending {
        verb: "replace container",
        target: name.to_owned(),
        reason: Reason::SourceReplaced { name: "web".to_owned() },
    };
    let held = |name: &str, pending: Vec<Pending>| Held {
        object: key(name),
        why: HeldReason::WaitingFor { dependency: key("web"), condition: DependencyCondition::Started },
        pending,
    };
    let create = Pending { verb: "create container", target: "shop-job-1".to_owned(), reason: Reason::Missing };
    let summary = |replace: usize, held: Vec<Held>| {
        let mut summary = Summary::of(&Plan { held, ..Plan::default() });
        summary.replace = replace;
        strip_str(&summary.to_string()).to_string()
    };
    let joiners =
        || vec![held("a", vec![replace("shop-a-1")]), held("b", vec![replace("shop-b-1"), replace("shop-b-2")])];
    let with_job = || joiners().into_iter().chain([held("job", vec![create.clone()])]).collect::<Vec<_>>();
    assert_eq!(summary(1, joiners()), "1 to replace, 3 more after it");
    assert_eq!(summary(2, with_job()), "2 to replace, 3 more after them; 1 waiting");
    assert_eq!(summary(0, joiners()), "3 to replace later");
}

#[test]
fn what_is_held_on_purpose_has_its_remedy() {
    let changes = vec![Change::new("driver", Some("local".to_owned()), Some("nfs".to_owned()))];
    let object = ObjectKey::new(Kind::Volume, "shop", "data");
    let held = Held { object, why: HeldReason::VolumeChanged { changes }, pending: Vec::new() };
    let plan = Plan { held: vec![held], ..Plan::default() };
    insta::assert_snapshot!(strip_str(&text(&plan, false)).to_string(), @r"
    volume/shop/data
      ! a volume is never made anew, and its definition changed: driver changed local → nfs
          help: change it back, or back up the data, remove the volume by hand and let Skiff make it anew

    nothing to do; 1 held
    ");
    let data = serde_json::to_value(PlanData::of(&plan)).expect("plain data");
    let help = data.pointer("/held/0/help").and_then(serde_json::Value::as_str);
    assert!(help.is_some_and(|help| help.starts_with("change it back")), "{data}");
}

#[test]
fn wide_shows_every_call() {
    let lines = |wide| strip_str(&text(&plan(), wide)).to_string().lines().count();
    assert!(lines(true) > lines(false));
    assert!(strip_str(&text(&plan(), true)).to_string().contains("· pull image shop/api:1.2"));
}

#[test]
fn what_comes_is_green_and_what_goes_is_red() {
    let text = text(&plan(), false);
    assert!(text.contains("\u{1b}[31m- remove container shop-old-1\u{1b}[0m"), "{text:?}");
    assert!(text.contains("\u{1b}[32m+ create container shop-job-1\u{1b}[0m"), "{text:?}");
}

#[test]
fn programs_get_a_word_a_sentence_and_the_fields() {
    let value = serde_json::to_value(PlanData::of(&plan())).expect("plain data");
    let at = |pointer: &str| value.pointer(pointer).map(ToString::to_string).unwrap_or_default();
    let step = value.pointer("/steps/1").map(ToString::to_string).unwrap_or_default();
    insta::assert_snapshot!([step, at("/held/0"), at("/summary"), at("/wakeAt")].join("\n"), @r#"
    {"id":1,"object":"deployment/shop/api","action":"stop container","target":"shop-api-1","reason":"Outdated","message":"outdated: container.image changed shop/api:1.1 → shop/api:1.2; container.env[TOKEN] changed","changes":[{"field":"container.image","from":"shop/api:1.1","to":"shop/api:1.2"},{"field":"container.env[TOKEN]","from":null,"to":null}],"after":[]}
    {"object":"deployment/shop/worker","reason":"WaitingFor","message":"waiting for deployment/shop/db to be Ready","waiting":true,"pending":[{"action":"create container","target":"shop-job-1","reason":"Missing","message":"missing"}]}
    {"create":0,"replace":0,"update":1,"remove":3,"waiting":1,"held":1}
    "1970-01-01T00:00:00Z"
    "#);
}

#[test]
fn a_diff_names_fields_and_never_a_value_that_the_plan_hides() {
    insta::assert_snapshot!(strip_str(&diff(&diffs(&plan()))).to_string(), @r"
    deployment/shop/api
      container.env[TOKEN] (not shown)
    - container.image: shop/api:1.1
    + container.image: shop/api:1.2
    - shop-api-1
    - shop-api-2

    deployment/shop/old
    - shop-old-1
      no longer declared

    deployment/shop/web
    - container.resources.limits.cpu: 1
    + container.resources.limits.cpu: 2
    ");
}

#[test]
fn an_empty_plan_says_so() {
    assert_eq!(text(&Plan::default(), false), "nothing to do\n");
}

#[test]
fn a_hidden_value_leaves_no_loose_end_and_what_is_the_same_keeps_its_own_words() {
    let hidden = |from: Option<&str>, to: Option<&str>| {
        Change::new("container.env.TOKEN", from.map(str::to_owned), to.map(str::to_owned))
    };
    let mut plan = plan();
    plan.held.clear();
    plan.steps.retain(|step| matches!(step.action, Action::UpdateContainer(_)));
    let changes = vec![hidden(None, Some("")), hidden(Some(""), None)];
    plan.steps.iter_mut().for_each(|step| step.reason = Reason::Adjusted { changes: changes.clone() });
    plan.steps.extend(plan.steps.clone());
    insta::assert_snapshot!(strip_str(&text(&plan, true)).to_string(), @r"
    deployment/shop/web
      ~ update container shop-web-1  adjusted in place
          container.env.TOKEN: added
          container.env.TOKEN: removed
      ~ update container shop-web-1  adjusted in place, as above

    2 to update
    ");
    insta::assert_snapshot!(strip_str(&diff::diff(&diff::diffs(&plan))).to_string(), @r"
    deployment/shop/web
    + container.env.TOKEN
    - container.env.TOKEN
    ");
}

#[test]
fn a_plan_of_very_many_containers_is_shown_at_once() {
    let steps = (0..40_000).map(|id| Step {
        id: StepId(id),
        object: key("web"),
        hash: String::new(),
        action: if id % 2 == 0 {
            stop(&format!("shop-web-{}", id / 2))
        } else {
            remove(&format!("shop-web-{}", id / 2))
        },
        reason: Reason::Surplus,
        after: Vec::new(),
    });
    let (plan, begun) = (Plan { steps: steps.collect(), ..Plan::default() }, std::time::Instant::now());
    assert_eq!(text(&plan, false).matches("- remove container").count(), 20_000);
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn that_the_old_one_goes_first_is_said_with_why() {
    let steps = vec![Step {
        id: StepId(0),
        object: key("web"),
        hash: String::new(),
        action: remove("shop-web-1"),
        reason: Reason::Surplus,
        after: Vec::new(),
    }];
    let old_first = [(key("web"), StopFirst::HostPort(80))].into();
    let plan = Plan { steps, old_first, ..Plan::default() };
    insta::assert_snapshot!(strip_str(&text(&plan, false)).to_string(), @r"
    deployment/shop/web
      - remove container shop-web-1  surplus
          the old one goes before the new one comes: it publishes port 80 of the host

    1 to remove
    ");
    let data = serde_json::to_value(PlanData::of(&plan)).expect("data");
    assert_eq!(
        data.pointer("/oldFirst/0/message").and_then(serde_json::Value::as_str),
        Some("it publishes port 80 of the host")
    );
}

#[test]
fn other_probes_are_shown_though_nothing_is_done() {
    let [from, to] = ["exec [a]", "exec [b]"].map(|told| Some(told.to_owned()));
    let changes = vec![Change::new("container.livenessProbe", from, to)];
    let plan = Plan { rejudged: vec![Rejudged { object: key("web"), changes }], ..Plan::default() };
    insta::assert_snapshot!(strip_str(&text(&plan, false)).to_string(), @r"
    deployment/shop/web
      ~ judge anew  other probes or hooks; containers stay
          container.livenessProbe: exec [a] → exec [b]

    1 to judge anew
    ");
    insta::assert_snapshot!(strip_str(&diff(&diffs(&plan))).to_string(), @r"
    deployment/shop/web
    - container.livenessProbe: exec [a]
    + container.livenessProbe: exec [b]
    ");
    assert_eq!(objects(&plan), [&key("web")]);
}

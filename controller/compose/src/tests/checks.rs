//! What is wrong with a file, all of it, with its place and what to do.

use super::{complaints, load_text};

fn told(text: &str) -> String {
    complaints(&load_text(text)).join("\n")
}

#[test]
fn an_attribute_that_is_not_known_is_refused_with_the_nearest_name() {
    insta::assert_snapshot!(told("\
sevices: {}
services:
  a:
    image: i
    enviroment: { A: b }
    ports: [{ target: 80, publish: 8080 }]
    deploy: { resources: { limits: { mem: 1g } } }
    x-mine: { any: thing }
    zebra: 1
networks: { n: { intern: true } }
x-mine: 1
"), @r"
    1:1 `sevices` is no attribute of a Compose file (did you mean `services`?)
    5:5 `enviroment` is no attribute of services.a (did you mean `environment`?)
    6:27 `publish` is no attribute of services.a.ports[] (did you mean `published`?)
    7:38 `mem` is no attribute of services.a.deploy.resources.limits (remove it, or write `x-mem` if it is for another tool)
    9:5 `zebra` is no attribute of services.a (remove it, or write `x-zebra` if it is for another tool)
    10:18 `intern` is no attribute of networks.n (did you mean `internal`?)
    ");
}

#[test]
fn a_value_of_the_wrong_kind_is_refused() {
    insta::assert_snapshot!(told("\
services:
  a:
    image: [i]
    tty: maybe
    mem_limit: lots
    scale: two
    stop_grace_period: 10
    ports: 80
    depends_on: b
    command: \"sh -c 'open\"
    cgroup: mine
    volumes: ['/a:/b:what', ':/x', { type: bind, target: /y }]
    extra_hosts: [nowhere]
    gpus: one
"), @r"
    3:12 `services.a.image` must be text, and this is a list
    4:10 `services.a.tty` cannot be `maybe` (it must be true or false)
    5:16 `services.a.mem_limit` cannot be `lots` (it must be an amount of bytes, such as 512m, 2g or 64000000)
    6:12 `services.a.scale` cannot be `two` (it must be a whole number)
    7:24 `services.a.stop_grace_period` cannot be `10` (it must be a length of time, such as 30s, 1m30s or 500ms)
    8:12 `services.a.ports` must be a list, and this is an integer
    9:17 `services.a.depends_on` must be a mapping, and this is a string
    10:14 a quote of this command is not closed (close it, or write the command as a list)
    11:13 `services.a.cgroup` cannot be `mine` (it is host, private)
    12:15 `what` is no option of a mount (write `data:/data`, `./data:/data:ro`, or the long form with `type`, `source` and `target`)
    12:29 `:/x` is no mount (write `data:/data`, `./data:/data:ro`, or the long form with `type`, `source` and `target`)
    12:36 a mount of type `bind` has no `source`
    13:19 `nowhere` names no address (write `name=address`)
    14:11 `services.a.gpus` must be a list, and this is a string
    ");
}

#[test]
fn what_no_single_attribute_shows_is_told() {
    insta::assert_snapshot!(told("\
services:
  a:
    depends_on: [b, nobody]
    networks: [fornt]
    network_mode: host
    volumes: ['dat:/x', './y:/x']
    configs: [c]
    cpus: 1
    scale: 2
    container_name: one
    deploy: { resources: { limits: { cpus: 2 } } }
    healthcheck: { test: x, start_interval: 1s }
    ports: [{ target: 80, host_ip: here }]
    gpus: [{ count: 1, device_ids: [a] }]
  b: { image: i, depends_on: [c] }
  c: { image: i, depends_on: [b] }
  C: { image: i, build: { dockerfile: d, dockerfile_inline: FROM i } }
networks: { front: }
volumes: { data: { external: true, driver: local } }
configs: { c: { content: x, file: y } }
secrets: { s: }
"), @r"
    2:3 service `a` has neither `image` nor `build` (add `image`)
    3:21 there is no service `nobody` (add it to `services` at the top of the file)
    4:16 there is no network `fornt` (did you mean `front`?)
    5:19 `network_mode` and `networks` exclude each other (leave one of them out)
    6:15 there is no volume `dat` (did you mean `data`?)
    6:25 something else is mounted at `/x` too (mount it elsewhere)
    8:11 `cpus` is not what `deploy.resources.limits.cpus` says (write one of them only)
    10:21 `container_name` can be held by one replica, and there are 2 (leave it out, or run one replica)
    12:45 `start_interval` without `start_period` means nothing (add `start_period`)
    13:13 host port 0 with `network_mode` host (leave it out: Docker publishes ports only on networks of its own)
    13:36 `here` is no address of the host (write an IP address)
    14:12 `count` and `device_ids` exclude each other (leave one of them out)
    16:31 services wait for each other in a circle: b → c → b (take one of the dependencies out)
    17:3 `C` would be called `c`, as another one in `services` (rename one of them)
    17:61 `dockerfile_inline` and `dockerfile` exclude each other (leave one of them out)
    19:36 `data` is external, and `driver` says how to make it (leave one of them out)
    20:12 `c` has file and content (give one of `file`, `environment` or `content`)
    21:12 `s` has no content (add `file` or `environment`)
    ");
}

#[test]
fn what_a_manifest_would_be_refused_for_is_told_at_the_line_of_the_compose_file() {
    insta::assert_snapshot!(told("\
services:
  a:
    image: 'i:'
    cap_add: [NET_ADMN]
    ulimits: { nofiles: 5 }
    stop_signal: SIGTERN
    mem_limit: 1m
    x-skiff:
      readinessProbe: { httpGet: { port: 99999 } }
  b: { image: i, x-skiff: { strategie: 1 } }
"), @r"
    3:12 `services.a.image` cannot be `i:`: its tag is empty
    4:15 `NET_ADMN` is not a capability (did you mean `NET_ADMIN`?)
    5:16 `services.a.ulimits.nofiles` is not a limit of processes (did you mean `nofile`?)
    6:18 `services.a.stop_signal` cannot be `SIGTERN` (write a signal such as SIGTERM, or its number)
    7:16 `services.a.mem_limit` is 1Mi: Docker's least is 6Mi
    9:42 `port` cannot be read: `99999` is not a port's number (1 to 65535) or name
    10:29 `strategie` is no field of `x-skiff` (did you mean `strategy`?)
    ");
}

#[test]
fn what_is_wrong_is_called_by_its_name_and_has_a_remedy_that_there_is() {
    let cases = [
        "[services]",
        "services: { a: { image: i, label_file: none.labels } }",
        "services: { a: { image: i, env_file: none.env } }",
        "services: { a: { image: i, environment: [[x]], networks: [[y]] } }",
        "services: { a: }",
    ];
    insta::assert_snapshot!(cases.map(told).join("\n"), @r"
    1:1 a Compose file must be a mapping, and this is a list
    1:40 there is no file /p/none.labels (write it, or take it out of `label_file`)
    1:38 there is no file /p/none.env (write it, or say `required: false` beside its `path`)
    1:42 `services.a.environment[]` must be `KEY=value`, and this is a list
    1:59 `services.a.networks[]` must be a name, and this is a list
    1:13 service `a` has neither `image` nor `build` (add `image`)
    ");
}

#[test]
fn what_runs_to_its_end_is_not_joined_and_what_is_scheduled_is_not_waited_for() {
    let text = "\
services:
  a: { image: i, pid: 'service:job', depends_on: { job: { condition: service_completed_successfully } } }
  b: { image: i, network_mode: 'service:job', depends_on: { cron: { condition: service_started } } }
  c: { image: i, depends_on: { cron: { condition: service_started, required: false } } }
  job: { image: i }
  cron: { image: i, x-skiff: { schedule: '@daily' } }
";
    insta::assert_snapshot!(told(text), @r"
    2:23 `pid` is refused: `job` runs to its end, and its containers go (share it with a service that goes on, or give both one of their own)
    3:32 `network_mode` is refused: `job` runs to its end, and its containers go (share it with a service that goes on, or give both one of their own)
    3:61 `depends_on` is refused: `cron` runs by its schedule, and nothing waits for that (leave it out)
    ");
}

#[test]
fn syntax_is_told_with_its_place() {
    assert!(told("services: { a: { image: i }").starts_with("1:"));
    assert!(told("services: { a: { image: i, image: j } }").contains("1:28"));
}

#[test]
fn a_mistake_leaves_no_objects() {
    let loaded = load_text("services: { a: { image: i }, b: { imag: i } }");
    assert!(loaded.objects.is_empty() && loaded.model.is_some());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]
    #[test]
    fn no_text_makes_it_panic(text in "(services|a|image|ports|volumes|\\$\\{A:-|\\}|: |\n  |\n    |- |\\[|\\]|\\{|\\}|'|80|!reset|&x|\\*x|<<|,){0,60}") {
        load_text(&text);
    }

    #[test]
    fn no_value_of_an_attribute_makes_it_panic(index in 0_usize..200, value in "(null|1|-1|a|a:b:c|\\[\\]|\\{\\}|\\[a\\]|\\[1, \\{\\}\\]|\\{a: b\\}|\\{a: \\[\\]\\}|'\\$'|9999999999999|true|!reset x|/a:/b:ro)") {
        let fields = crate::schema::SERVICE.fields();
        if let Some(field) = fields.get(index % fields.len()) {
            load_text(&format!("services: {{ a: {{ image: i, {}: {value} }} }}", field.name));
        }
    }
}

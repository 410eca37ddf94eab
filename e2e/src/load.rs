//! Load from inside the network, as rollouts are measured by it: a web service whose replicas end gracefully on their stop signal, and a
//! client that asks without a pause. For each request it resolves the name and tries one address after the other; a request fails when
//! none of them answers.

use anyhow::{Context, Result, ensure};

use crate::check::{Check, check};
use crate::manifest::{Service, service};
use crate::world::World;

/// No more is accepted from the stop signal on; what is being answered is answered to its end.
const SERVER: &str = r#"
echo "$VERSION" > /www/index.html
httpd -f -p 8000 -h /www &
listener=$!
end() { kill "$listener"; while pidof httpd >/dev/null; do sleep 0.02; done; exit 0; }
trap end TERM
wait "$listener"
"#;

/// Three that ask at once, and count what became of each request.
const CLIENT: &str = r#"
addresses() { nslookup web 127.0.0.11 2>/dev/null | sed -n '/^Name/,$s/^Address[ 0-9]*: *\([0-9.]*\).*/\1/p'; }
ask() {
  for address in $(addresses); do
    case $(printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 "$address" 8000 2>/dev/null) in *' 200 '*) return 0 ;; esac
  done
  return 1
}
trap 'exit 0' TERM
touch /tmp/answered /tmp/failed
for client in 1 2 3; do
  while :; do
    if ask; then echo >> /tmp/answered; else date >> /tmp/failed; fi
  done &
done
wait
"#;

/// The service `web` of a version; it stands beside [`client`].
pub fn web(version: &str) -> Service {
    running("web", "web-script")
        .env("VERSION", version)
        .container("readinessProbe: { httpGet: { path: /, port: 8000 }, periodSeconds: 1 }")
}

/// What `web` and the client need besides the service itself: their scripts, and the client, which begins when there is an answer.
pub fn client() -> String {
    let load = running("load", "load-script").depends_on("web", "Ready");
    format!("{}{}{load}", script("web-script", SERVER), script("load-script", CLIENT))
}

fn running(name: &str, script: &str) -> Service {
    service(name)
        .container("command: [sh, /script/run.sh]")
        .container("volumeMounts: [{ name: script, mountPath: /script }]")
        .template(&format!("volumes: [{{ name: script, configMap: {{ name: {script} }} }}]"))
}

fn script(name: &str, text: &str) -> String {
    let indented: String = text.trim().lines().flat_map(|line| ["    ", line, "\n"]).collect();
    format!(
        "---\napiVersion: skiff.dev/v1\nkind: ConfigMap\nmetadata: {{ name: {name} }}\ndata:\n  run.sh: |\n{indented}"
    )
}

/// The client has had so many answers, and no request has failed.
pub fn no_failed_request_of(least: usize) -> Check {
    check(move |world| {
        let (answered, failed) = counts(world)?;
        ensure!(failed == 0, "{failed} requests failed beside {answered} that were answered");
        ensure!(answered >= least, "only {answered} requests were answered");
        Ok(())
    })
}

fn counts(world: &World) -> Result<(usize, usize)> {
    let client = world.replica("load")?;
    let said = world.docker.exec(&client.id, &["wc", "-l", "/tmp/answered", "/tmp/failed"])?;
    let count = |line: usize| said.lines().nth(line)?.split_whitespace().next()?.parse().ok();
    let both = (count(0), count(1));
    let (Some(answered), Some(failed)) = both else { return Err(anyhow::anyhow!("{said}")).context("no counts") };
    Ok((answered, failed))
}

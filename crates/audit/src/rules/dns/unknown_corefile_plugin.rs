//! DN008: a plugin that CoreDNS' own build does not have.
use netloom_corefile::PLUGINS;
use netloom_objects::{Object, Severity};

use crate::{
    Context, Draft, Findings, Fix, Group, Rule, Workload,
    rules::dns::corefile::{Word, corefiles},
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "DN008",
    name: "unknown-corefile-plugin",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A plugin in a Corefile that is not in CoreDNS' default build, or that it has no longer (`proxy`, \
            `federation`); a property of `kubernetes` that was removed.",
    why: "CoreDNS refuses to start with \"Unknown directive\". Plugins of others, such as `ratelimit`, `fanout` or \
          `redis`, have to be compiled in; list their names under the image that has them, or suppress this \
          finding there.",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
data:
  Corefile: |
    .:53 {
        errors
        kubernetes cluster.local in-addr.arpa ip6.arpa {
            pods verified
            fallthrough in-addr.arpa ip6.arpa
        }
        proxy . /etc/resolv.conf
        cache 30
    }
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
data:
  Corefile: |
    .:53 {
        errors
        kubernetes cluster.local in-addr.arpa ip6.arpa {
            pods verified
            fallthrough in-addr.arpa ip6.arpa
        }
        forward . /etc/resolv.conf
        cache 30
    }
",
    closed: false,
    check,
};

/// What is gone from CoreDNS, and what takes its place.
const REMOVED: [(&str, &str); 3] = [
    ("proxy", "removed in CoreDNS 1.5: write `forward`"),
    ("federation", "removed in CoreDNS 1.7"),
    ("reverse", "removed in CoreDNS 1.4: write a `template`"),
];

/// Properties of `kubernetes` that are gone.
const PROPERTIES: [(&str, &str); 3] = [
    ("upstream", "removed in CoreDNS 1.7: leave it out"),
    ("resyncperiod", "removed in CoreDNS 1.7: leave it out"),
    ("transfer", "removed in CoreDNS 1.9: write the `transfer` plugin"),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, file) in corefiles(cx) {
        let whose = title(object);
        let mut report = |word: &Word, message: String, help: String, fix: Option<Draft>| {
            let finding = out.add_at(word.at.clone(), word.end(), Some(&object.reference), message);
            finding.help(help).fix(fix.and_then(Option::from));
        };
        for plugin in file.blocks.iter().flat_map(|block| &block.plugins) {
            let name = plugin.name.text.as_str();
            if let Some((_, why)) = REMOVED.iter().find(|(removed, _)| *removed == name) {
                report(
                    &plugin.name,
                    format!("{whose}: CoreDNS no longer has `{name}`, and does not start with it"),
                    (*why).to_owned(),
                    // Its own block has other properties.
                    (name == "proxy" && plugin.properties.is_empty()).then(|| {
                        Fix::safe("write `forward`").replace_at(object, &plugin.name.at, "proxy", "forward")
                    }),
                );
            } else if name != "import"
                && !PLUGINS.contains(&name)
                && !name.starts_with("{$")
                && !is_of_another_build(cx, object)
            {
                let near = PLUGINS.iter().min_by_key(|known| netloom_objects::edit_distance(known, name));
                let near =
                    near.filter(|known| netloom_objects::edit_distance(known, name) <= 2 && name.len() > 3);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "take it out, or run an image of CoreDNS that was built with it".to_owned(),
                };
                report(
                    &plugin.name,
                    format!("{whose}: CoreDNS' own build has no plugin `{name}`, and does not start with it"),
                    help,
                    near.map(|near| {
                        let fix = Fix::proposed(format!("write `{near}`"));
                        fix.replace_at(object, &plugin.name.at, name, near)
                    }),
                );
            }
            if name != "kubernetes" {
                continue;
            }
            for property in plugin.properties.iter().filter_map(|words| words.first()) {
                if let Some((gone, why)) = PROPERTIES.iter().find(|(gone, _)| *gone == property.text) {
                    report(
                        property,
                        format!(
                            "{whose}: `kubernetes` no longer has `{gone}`, and CoreDNS does not start with it"
                        ),
                        (*why).to_owned(),
                        why.ends_with("leave it out").then(|| {
                            Fix::safe(format!("leave out `{gone}`")).remove_line_at(object, &property.at)
                        }),
                    );
                }
            }
        }
    }
}

/// Whether the containers that read a Corefile run something else than CoreDNS' own image.
fn is_of_another_build(cx: &Context<'_>, object: &Object) -> bool {
    let reads = |workload: &&Workload<'_>| {
        let mut volumes = workload.spec.volumes.iter().flatten();
        workload.namespace() == namespace_of(object)
            && volumes.any(|v| v.config_map.as_ref().is_some_and(|map| *map.name == *object.name))
    };
    let readers = cx.workloads().iter().filter(reads);
    let images = readers.flat_map(|w| w.spec.containers.iter().filter_map(|c| c.image.as_deref()));
    let mut names = images.map(|image| image.rsplit('/').next().unwrap_or(image)).peekable();
    names.peek().is_some() && !names.any(|name| name.starts_with("coredns"))
}

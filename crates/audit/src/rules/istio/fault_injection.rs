//! IS052: faults on purpose.
use netloom_objects::{
    Severity,
    istio::{HTTPRoute, VirtualService},
};

use super::support::{duration, microseconds};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS052",
    name: "fault-injection",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A route that delays or aborts requests on purpose, for all clients.",
    why: "`fault` is for testing. Left behind, it fails a share of real requests; and timeouts and retries of the same route \
          are not applied when faults are (Istio's reference of HTTPRoute, `fault`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - fault:
        abort: {httpStatus: 503, percentage: {value: 5}}
      route: [{destination: {host: cart}}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route: [{destination: {host: cart}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        for (index, route) in service.spec.http.iter().enumerate() {
            let Some(what) = fault(route).filter(|_| !is_for_some(route)) else { continue };
            let message = format!("{} {what} on purpose", title(object));
            let finding = out.add(object, &format!("spec.http[{index}].fault"), message);
            finding.help("remove it, or match a header that only tests send");
        }
    }
}

fn fault(route: &HTTPRoute) -> Option<String> {
    let fault = route.fault.as_ref()?;
    let share = |percent: Option<f64>| match percent {
        Some(percent) if percent <= 0.0 => None,
        Some(percent) => Some(format!("{percent}% of the requests")),
        None => Some("every request".to_owned()),
    };
    let abort = fault.abort.as_ref().and_then(|abort| {
        let with = match (abort.http_status, &abort.grpc_status) {
            (Some(status), _) => format!(" with {status}"),
            (None, Some(status)) => format!(" with {status}"),
            (None, None) => String::new(),
        };
        Some(format!("fails {}{with}", share(abort.percentage.as_ref().map(|p| p.value))?))
    });
    let delay = fault.delay.as_ref().and_then(|delay| {
        let percent = delay.percentage.as_ref().map(|p| p.value).or(delay.percent.map(f64::from));
        let by =
            delay.fixed_delay.as_deref().and_then(microseconds).map(|by| format!(" by {}", duration(by)));
        Some(format!("delays {}{}", share(percent)?, by.unwrap_or_default()))
    });
    match (abort, delay) {
        (Some(abort), Some(delay)) => Some(format!("{abort} and {delay}")),
        (abort, delay) => abort.or(delay),
    }
}

/// Whether only requests that say so take a route: those with a certain header, query or source.
fn is_for_some(route: &HTTPRoute) -> bool {
    !route.match_.is_empty()
        && route.match_.iter().all(|one| {
            !one.headers.is_empty() || !one.query_params.is_empty() || !one.source_labels.is_empty()
        })
}

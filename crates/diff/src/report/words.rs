//! What people read in several formats: names, ports, reasons, counts.
use std::net::IpAddr;

use netloom_objects::ObjectRef;
use netloom_reach::{AddressRange, PortSet, report::ReasonOf};

use crate::{
    diff::{Diff, End, Group},
    objects::ObjectChange,
    summary::{Count, Summary},
};

/// Names that are written of a list before the rest is counted.
pub(super) const NAMED: usize = 3;

/// The first of a list, and how many more there are.
pub(super) fn folded(names: &[String], most: usize) -> String {
    match names.len().checked_sub(most) {
        // One more name is no longer than its count.
        None | Some(0 | 1) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..most].join(", ")),
    }
}

impl Diff<'_> {
    /// The ends of a group, folded.
    pub(super) fn ends(&self, ends: &[End], most: usize) -> String {
        let externals = ends.iter().filter(|end| matches!(end, End::External(_))).count();
        let names: Vec<String> = ends.iter().map(|end| self.short(end)).collect();
        let words = folded(&names, most);
        if externals > 0 { format!("outside {words}") } else { words }
    }

    /// An end as people read it: addresses as a network where they are one.
    pub(super) fn short(&self, end: &End) -> String {
        match end {
            End::External(range) => network(range),
            _ => self.name_of(end).to_string(),
        }
    }
}

/// `0.0.0.0/0`, or `192.0.2.7-192.0.2.9` where the addresses are no network.
fn network(range: &AddressRange) -> String {
    let (bits, low, high) = match (range.low, range.high) {
        (IpAddr::V4(low), IpAddr::V4(high)) => (32, u128::from(low.to_bits()), u128::from(high.to_bits())),
        (low, high) => (128, bits_of(low), bits_of(high)),
    };
    let apart = low ^ high;
    // The bits that differ are the last ones, all clear in the first address and all set in the last.
    if apart & apart.wrapping_add(1) == 0 && low & apart == 0 {
        return format!("{}/{}", range.low, bits - apart.count_ones());
    }
    format!("{}-{}", range.low, range.high)
}

fn bits_of(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// What became of some ports: `TCP 80`, or `+TCP 443 −UDP 53, now TCP 80,443`.
pub(super) fn ports(before: &PortSet, after: &PortSet) -> String {
    if before.is_none() {
        return after.to_string();
    }
    if after.is_none() {
        return before.to_string();
    }
    let part = |sign: &str, set: PortSet| (!set.is_none()).then(|| format!("{sign}{set}"));
    let parts = [part("+", after.minus(before)), part("−", before.minus(after))];
    format!("{}, now {after}", parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

impl Group {
    pub(super) fn ports(&self) -> String {
        ports(&self.before, &self.after)
    }
}

/// `+`, `−`, `~`.
pub(super) fn sign(name: &str) -> &'static str {
    match name {
        "added" => "+",
        "removed" => "−",
        _ => "~",
    }
}

/// Why one side allows or denies; `name` writes an object.
pub(super) fn reason(reason: &ReasonOf, name: &dyn Fn(&ObjectRef) -> String) -> String {
    let titles = || folded(&reason.rules.iter().map(name).collect::<Vec<_>>(), 3);
    match (reason.reason, reason.action) {
        ("rule", Some("Deny")) => format!("denied by {}", titles()),
        ("rule", Some("Pass")) => format!("passed on by {}", titles()),
        ("rule", _) => format!("allowed by {}", titles()),
        ("isolated", _) => format!("isolated by {}", titles()),
        ("no-policy", _) => "no policy selects it".to_owned(),
        ("no-rule-matches", _) => "no rule of the policies that select it is about this".to_owned(),
        ("own-node", _) => "a node always reaches its own pods".to_owned(),
        ("itself", _) => "a pod always reaches itself".to_owned(),
        _ => "no policy is about it".to_owned(),
    }
}

/// `NetworkPolicy shop/web`.
pub(super) fn title(object: &ObjectRef) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

impl ObjectChange {
    /// `spec.ingress[0].from, spec.ingress[1] and 7 more`.
    pub(super) fn paths(&self) -> String {
        let paths: Vec<String> = self.fields.iter().map(|field| field.path.clone()).collect();
        folded(&paths, 2)
    }

    /// `NetworkPolicy shop/web (web.yaml:7), edited`.
    pub(super) fn words(&self) -> String {
        format!("{} ({}), {}", title(self.object()), self.at(), self.name())
    }
}

/// `1 connection`, `2 connections with the outside`.
pub(super) fn number(count: usize, what: &str) -> String {
    let (noun, rest) = what.split_once(" with ").map_or((what, ""), |(noun, _)| (noun, &what[noun.len()..]));
    if count == 1 { format!("1 {what}") } else { format!("{count} {noun}s{rest}") }
}

impl Count {
    /// `3 connections added, 1 removed`; nothing where nothing changed.
    fn words(&self, what: &str) -> Option<String> {
        let parts = [(self.added, "added"), (self.removed, "removed"), (self.changed, "changed")];
        let mut words = String::new();
        for (count, name) in parts.into_iter().filter(|(count, _)| *count > 0) {
            if words.is_empty() {
                words = format!("{} {name}", number(count, what));
            } else {
                words.push_str(&format!(", {count} {name}"));
            }
        }
        (!words.is_empty()).then_some(words)
    }
}

/// All counts in one line.
#[must_use]
pub fn headline(summary: &Summary) -> String {
    let internet = (summary.opened_to_internet > 0)
        .then(|| format!("{} opened to the internet", number(summary.opened_to_internet, "workload")));
    let counts = [
        internet,
        summary.connections.words("connection"),
        summary.outside.words("connection with the outside"),
        summary.published.words("published way"),
        summary.workloads.words("workload"),
    ];
    let words: Vec<String> = counts.into_iter().flatten().collect();
    let objects = match (summary.objects.all(), summary.given_twice) {
        (0, 0) => "no object changed".to_owned(),
        (0, twice) => format!(
            "no object that is compared changed, but {} given twice, of which only the last form is",
            if twice == 1 { "an object is".to_owned() } else { format!("{twice} objects are") }
        ),
        (count, _) => format!("{} changed", number(count, "object")),
    };
    if words.is_empty() {
        format!("No connection changed; {objects}")
    } else {
        format!("{}; {objects}", words.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_networks_where_they_are() {
        for (low, high, words) in [
            ("0.0.0.0", "255.255.255.255", "0.0.0.0/0"),
            ("192.0.2.0", "192.0.2.255", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.1", "192.0.2.2", "192.0.2.1-192.0.2.2"),
            ("10.0.0.0", "10.2.255.255", "10.0.0.0-10.2.255.255"),
            ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
            ("2001:db8::", "2001:db8::ffff", "2001:db8::/112"),
            ("2001:db8::1", "2001:db8::ffff", "2001:db8::1-2001:db8::ffff"),
        ] {
            let range = AddressRange { low: low.parse().unwrap(), high: high.parse().unwrap() };
            assert_eq!(network(&range), words);
        }
    }

    #[test]
    fn long_lists_are_folded() {
        let names: Vec<String> = (1..=6).map(|n| n.to_string()).collect();
        assert_eq!(folded(&names[..4], 4), "1, 2, 3, 4");
        assert_eq!(folded(&names[..5], 4), "1, 2, 3, 4, 5");
        assert_eq!(folded(&names, 4), "1, 2, 3, 4 and 2 more");
        assert_eq!(folded(&[], 4), "");
    }
}

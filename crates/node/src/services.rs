//! The Services of a node as elements, and the difference between what was programmed and what should be.
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use netloom_cluster::Protocol;
use netloom_kernel::nft::{Chain, Element, Expr, Key, Rule, Source, Verdict};
use netloom_routing::{Empty, Frontend, NodeRoutes, ServiceRoutes, View};

use crate::{
    Change,
    firewall::PlanError,
    layout::{Half, MASQUERADED},
    marks::{CLASS_DROP, CLASS_REJECT, Class, Marks, Variant, ViewKey},
    policies::half,
    slots,
};

type Address = (IpAddr, Protocol, u16);

/// What the kernel knows of one address and port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Programmed {
    mark: u32,
    masquerade: bool,
    /// Ranges of clients; `None`: everyone.
    sources: Option<Vec<(IpAddr, IpAddr)>>,
}

/// A view with its mark and the backend of each slot.
type InstalledView = (ViewKey, u32, Vec<(IpAddr, u16)>);

/// How the views of a Service pick their backends.
type Classes = Vec<Class>;

/// What one Service put into the kernel.
#[derive(Debug)]
struct Installed {
    routes: Arc<ServiceRoutes>,
    views: Vec<InstalledView>,
    /// Of the views that have backends.
    classes: Classes,
    alternatives: Vec<(u32, u32)>,
    frontends: Vec<(Address, Programmed)>,
}

/// What this node was told of the Services.
#[derive(Debug, Default)]
pub(crate) struct ServiceState {
    marks: Marks,
    installed: BTreeMap<Arc<str>, Installed>,
    /// Who claims an address, and with what; the first by name has it.
    claims: HashMap<Address, BTreeMap<Arc<str>, Programmed>>,
    /// How many frontends a ClusterIP has.
    addresses: HashMap<IpAddr, u32>,
    /// All that `installed` was made from.
    planned: Arc<BTreeMap<Arc<str>, Arc<ServiceRoutes>>>,
}

impl ServiceState {
    /// Moves to new routes.
    pub fn plan(&mut self, routes: &NodeRoutes, change: &mut Change) -> Result<(), PlanError> {
        if Arc::ptr_eq(&self.planned, &routes.services) {
            return Ok(());
        }
        let (stale, fresh) = difference(&self.installed, &routes.services);
        let mut touched: BTreeMap<Address, Option<Programmed>> = BTreeMap::new();
        let mut touched_ips: BTreeMap<IpAddr, bool> = BTreeMap::new();
        let mut removed = BTreeMap::new();
        for name in stale {
            if let Some(installed) = self.installed.remove(&name) {
                self.count_addresses(&installed.routes, false, &mut touched_ips);
                for (address, _) in &installed.frontends {
                    self.touch(&mut touched, *address);
                    self.unclaim(*address, &name);
                }
                removed.insert(name, installed);
            }
        }
        for (name, service) in fresh {
            let installed = self.install(service, change)?;
            self.count_addresses(service, true, &mut touched_ips);
            for (address, programmed) in &installed.frontends {
                self.touch(&mut touched, *address);
                self.claims
                    .entry(*address)
                    .or_default()
                    .entry(name.clone())
                    .or_insert_with(|| programmed.clone());
            }
            let before = removed.remove(name);
            view_changes(before.as_ref(), Some(&installed), change);
            if let Some(before) = before {
                self.release(&before, Some(&installed), change);
            }
            self.installed.insert(name.clone(), installed);
        }
        for gone in removed.into_values() {
            view_changes(Some(&gone), None, change);
            self.release(&gone, None, change);
        }
        for (ip, before) in touched_ips {
            let now = self.addresses.contains_key(&ip);
            let element = Element::new(Key::new().ip(ip));
            match (before, now) {
                (true, false) => change.delete(&Half::of(ip).name("vips"), element),
                (false, true) => change.add(&Half::of(ip).name("vips"), element),
                _ => {}
            }
        }
        for (address, before) in touched {
            let now = self.winner(address).cloned();
            if before != now {
                frontend_changes(address, before.as_ref(), now.as_ref(), change);
            }
        }
        self.planned = routes.services.clone();
        Ok(())
    }

    fn count_addresses(&mut self, routes: &ServiceRoutes, come: bool, touched: &mut BTreeMap<IpAddr, bool>) {
        for frontend in routes.frontends.iter().filter(|f| f.kind.refuses_other_ports()) {
            touched.entry(frontend.ip).or_insert_with(|| self.addresses.contains_key(&frontend.ip));
            let count = self.addresses.entry(frontend.ip).or_default();
            *count = if come { *count + 1 } else { count.saturating_sub(1) };
            if *count == 0 {
                self.addresses.remove(&frontend.ip);
            }
        }
    }

    fn winner(&self, address: Address) -> Option<&Programmed> {
        self.claims.get(&address).and_then(|claims| claims.values().next())
    }

    /// Remembers what the kernel has for an address before this change.
    fn touch(&self, touched: &mut BTreeMap<Address, Option<Programmed>>, address: Address) {
        touched.entry(address).or_insert_with(|| self.winner(address).cloned());
    }

    fn unclaim(&mut self, address: Address, name: &Arc<str>) {
        if let Some(claims) = self.claims.get_mut(&address) {
            claims.remove(name);
            if claims.is_empty() {
                self.claims.remove(&address);
            }
        }
    }

    fn release(&mut self, gone: &Installed, now: Option<&Installed>, change: &mut Change) {
        for class in &gone.classes {
            if let Some(number) = self.marks.release_class(*class) {
                change.drop_class(number, *class);
            }
        }
        let kept: BTreeSet<(u16, Protocol, netloom_cluster::Family, Variant)> = now
            .iter()
            .flat_map(|n| &n.views)
            .map(|(k, ..)| (k.port, k.protocol, k.family, k.variant))
            .collect();
        for (view, ..) in &gone.views {
            if !kept.contains(&(view.port, view.protocol, view.family, view.variant)) {
                self.marks.release(view);
            }
        }
    }

    fn install(&mut self, routes: &Arc<ServiceRoutes>, change: &mut Change) -> Result<Installed, PlanError> {
        let mut installed = Installed {
            routes: routes.clone(),
            views: Vec::new(),
            classes: Vec::new(),
            alternatives: Vec::new(),
            frontends: Vec::new(),
        };
        for frontend in &routes.frontends {
            let variant = match frontend.kind {
                netloom_routing::FrontendKind::ClusterIp => Variant::Internal,
                _ => Variant::External,
            };
            let mark =
                self.view(&frontend.view, variant, frontend.inside.is_some(), &mut installed, change)?;
            if let Some(inside) = &frontend.inside {
                let alternative = self.view(inside, Variant::Inside, false, &mut installed, change)?;
                if !installed.alternatives.contains(&(mark, alternative)) {
                    installed.alternatives.push((mark, alternative));
                }
            }
            let programmed = Programmed { mark, masquerade: frontend.masquerade, sources: sources(frontend) };
            installed.frontends.push(((frontend.ip, frontend.protocol, frontend.port), programmed));
        }
        Ok(installed)
    }

    /// The mark of a view, which is entered once however many frontends lead to it.
    fn view(
        &mut self,
        view: &View,
        variant: Variant,
        has_inside: bool,
        installed: &mut Installed,
        change: &mut Change,
    ) -> Result<u32, PlanError> {
        let key = ViewKey {
            service: view.service.clone(),
            port: view.port,
            protocol: view.protocol,
            family: view.family,
            variant,
        };
        if let Some((_, mark, _)) = installed.views.iter().find(|(k, ..)| *k == key) {
            return Ok(*mark);
        }
        let (class, backends) = if view.backends.is_empty() {
            (if view.empty == Empty::Reject { CLASS_REJECT } else { CLASS_DROP }, Vec::new())
        } else {
            let class = slots::class(view);
            let (number, fresh) = self.marks.class(class)?;
            if fresh {
                change.add_class(number, class);
            }
            installed.classes.push(class);
            (number, slots::fill(view, class).iter().map(|b| (b.ip, b.port)).collect())
        };
        let mark = self.marks.mark(key.clone(), class, has_inside)?;
        installed.views.push((key, mark, backends));
        Ok(mark)
    }
}

/// A Service by its name.
type Named<'a> = (&'a Arc<str>, &'a Arc<ServiceRoutes>);

/// The names of what is installed and is no more or not as it is now, and the Services to install.
fn difference<'a>(
    installed: &BTreeMap<Arc<str>, Installed>,
    routes: &'a BTreeMap<Arc<str>, Arc<ServiceRoutes>>,
) -> (Vec<Arc<str>>, Vec<Named<'a>>) {
    let (mut stale, mut fresh) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (installed.iter().peekable(), routes.iter().peekable());
    while let (Some((old_name, was)), Some((new_name, is))) = (old.peek(), new.peek()) {
        let same = Arc::ptr_eq(&was.routes, is);
        let order = if same { Ordering::Equal } else { old_name.cmp(new_name) };
        if order.is_le() {
            stale.extend(old.next().filter(|_| !same).map(|(name, _)| name.clone()));
        }
        if order.is_ge() {
            fresh.extend(new.next().filter(|_| !same));
        }
    }
    stale.extend(old.map(|(name, _)| name.clone()));
    fresh.extend(new);
    (stale, fresh)
}

/// The entry that leads from a mark to a class's chain.
fn class_element(number: u32, class: Class) -> Element {
    Element::new(Key::new().mark(number)).with(Verdict::Goto(class.chain().into()))
}

impl Change {
    /// A class that is new; its chain may be there from the number that it had before.
    fn add_class(&mut self, number: u32, class: Class) {
        let name = class.chain();
        match self.unused.iter().position(|unused| **unused == *name) {
            Some(there) => _ = self.unused.remove(there),
            None => self.chains.push(class_chain(class)),
        }
        self.add("cls", class_element(number, class));
    }

    /// A class that nothing uses any more: its chain goes, or does not even come.
    fn drop_class(&mut self, number: u32, class: Class) {
        let name: Arc<str> = class.chain().into();
        match self.chains.iter().position(|chain| chain.name == name) {
            Some(made) => {
                self.chains.remove(made);
                self.withdraw("cls", &class_element(number, class));
            }
            None => {
                self.delete("cls", class_element(number, class));
                self.unused.push(name);
            }
        }
    }
}

/// The chain that picks a slot and goes on to translate the address.
fn class_chain(class: Class) -> Chain {
    let rules = match class {
        Class::Random(slots) => vec![Rule::new().set_ct_mark(Source::random(slots)).goto("to_backend")],
        Class::Affinity(slots, timeout) => {
            let mut rules = vec![Rule::new().set_ct_mark(Source::random(slots))];
            for half in Half::BOTH {
                let client = [Expr::Mark, half.saddr];
                rules.push(Rule::new().set_ct_mark(Source::map(&client, half.name("aff"))));
                rules.push(Rule::new().update(half.name("aff"), &client, Some(Expr::CtMark), Some(timeout)));
            }
            rules.push(Rule::new().goto("to_backend"));
            rules
        }
    };
    Chain::regular(class.chain(), rules)
}

fn sources(frontend: &Frontend) -> Option<Vec<(IpAddr, IpAddr)>> {
    let ranges = frontend.source_ranges.as_ref()?;
    // The kernel refuses overlapping intervals; nets either nest or are disjoint, so dropping the inner ones is enough.
    let outermost =
        ranges.iter().filter(|net| !ranges.iter().any(|other| other != *net && other.contains(*net)));
    let mut sources: Vec<(IpAddr, IpAddr)> = outermost.map(|net| (net.network(), net.broadcast())).collect();
    sources.sort_unstable();
    sources.dedup();
    Some(sources)
}

fn view_changes(before: Option<&Installed>, now: Option<&Installed>, change: &mut Change) {
    let slots = |installed: Option<&Installed>| {
        let views = installed.map_or(&[][..], |i| &i.views);
        let slots = views.iter().flat_map(|(key, mark, backends)| {
            backends
                .iter()
                .enumerate()
                .map(|(slot, backend)| ((*mark, slot as u32), (half(key.family), *backend)))
        });
        slots.collect::<BTreeMap<_, _>>()
    };
    let (old, new) = (slots(before), slots(now));
    let element = |(mark, slot): (u32, u32), (ip, port): (IpAddr, u16)| {
        Element::new(Key::new().mark(mark).mark(slot)).with(Key::new().ip(ip).port(port))
    };
    for (key, (half, backend)) in old.iter().filter(|(key, backend)| new.get(key) != Some(backend)) {
        change.delete(&half.name("eps"), element(*key, *backend));
    }
    for (key, (half, backend)) in new.iter().filter(|(key, backend)| old.get(key) != Some(backend)) {
        change.add(&half.name("eps"), element(*key, *backend));
    }
    let alternatives = |installed: Option<&Installed>| -> BTreeMap<u32, u32> {
        installed.map(|i| i.alternatives.iter().copied().collect()).unwrap_or_default()
    };
    let (old, new) = (alternatives(before), alternatives(now));
    let element = |from: u32, to: u32| Element::new(Key::new().mark(from)).with(Key::new().mark(to));
    for (from, to) in old.iter().filter(|(from, to)| new.get(from) != Some(to)) {
        change.delete("alt", element(*from, *to));
    }
    for (from, to) in new.iter().filter(|(from, to)| old.get(from) != Some(to)) {
        change.add("alt", element(*from, *to));
    }
}

fn frontend_changes(
    address: Address,
    before: Option<&Programmed>,
    now: Option<&Programmed>,
    change: &mut Change,
) {
    let (ip, protocol, port) = address;
    let half = Half::of(ip);
    let frontend = || Key::new().ip(ip).proto(protocol.number()).port(port);
    let masquerade =
        MASQUERADED.iter().find(|(number, _)| *number == protocol.number()).map(|(_, name)| half.name(name));
    let elements = |programmed: &Programmed| {
        let mut elements =
            vec![(half.name("svc"), Element::new(frontend()).with(Key::new().mark(programmed.mark)))];
        if programmed.masquerade
            && let Some(set) = &masquerade
        {
            elements.push((set.clone(), Element::new(Key::new().ip(ip).port(port))));
        }
        if let Some(sources) = &programmed.sources {
            elements.push((half.name("lbres"), Element::new(frontend())));
            let range =
                |(low, high): &(IpAddr, IpAddr)| Element::range(frontend().ip(*low), frontend().ip(*high));
            elements.extend(sources.iter().map(|s| (half.name("lbok"), range(s))));
        }
        elements
    };
    before.map(elements).into_iter().flatten().for_each(|(set, element)| change.delete(&set, element));
    now.map(elements).into_iter().flatten().for_each(|(set, element)| change.add(&set, element));
}

//! Holds rules against the sets and chains of their own table: the kernel compares lengths alone, not types.
use super::statement::{Nat, NatTo, Source};
use super::{DataKind, Expr, Field, IpVersion, NftError, Rule, Statement, Table, Verdict};

/// What a lookup needs from its set.
enum Wanted {
    Nothing,
    Fields(Vec<Field>),
    Verdict,
}

/// Every set and chain that a rule names is in the table, and has the types that the rule needs.
pub(super) fn check(table: &Table) -> Result<(), NftError> {
    for chain in &table.chains {
        for rule in &chain.rules {
            rule_fits(table, rule).map_err(|why| NftError::Invalid {
                object: format!("rule `{rule}` in chain {} of table {}", chain.name, table.name),
                why,
            })?;
        }
    }
    Ok(())
}

fn rule_fits(table: &Table, rule: &Rule) -> Result<(), String> {
    rule.statements.iter().try_for_each(|statement| match statement {
        Statement::Lookup { key, set, .. } => lookup(table, key, set, &Wanted::Nothing),
        Statement::SetMark { source: Source::Map { key, map }, .. } => {
            lookup(table, key, map, &Wanted::Fields(vec![Field::Mark]))
        }
        Statement::Update { set, key, data, .. } => {
            let wanted = data.map_or(Wanted::Nothing, |data| Wanted::Fields(vec![data.field()]));
            lookup(table, key, set, &wanted)?;
            match table.set(set) {
                Some(set) if !set.dynamic => Err(format!("set {} is not dynamic", set.name)),
                _ => Ok(()),
            }
        }
        Statement::Nat(Nat { version, to: NatTo::Map { key, map, with_port }, .. }) => {
            let address = if *version == IpVersion::V4 { Field::Ipv4Addr } else { Field::Ipv6Addr };
            let port = with_port.then_some(Field::InetService);
            lookup(table, key, map, &Wanted::Fields([address].into_iter().chain(port).collect()))
        }
        Statement::VerdictMap { key, map } => lookup(table, key, map, &Wanted::Verdict),
        Statement::Verdict(Verdict::Jump(chain) | Verdict::Goto(chain)) if table.chain(chain).is_none() => {
            Err(format!("the table has no chain {chain}"))
        }
        _ => Ok(()),
    })
}

fn lookup(table: &Table, key: &[Expr], name: &str, wanted: &Wanted) -> Result<(), String> {
    let set = table.set(name).ok_or_else(|| format!("the table has no set {name}"))?;
    if !key.iter().map(|expr| expr.field()).eq(set.key.iter().copied()) {
        return Err(format!("set {name} has other fields in its key"));
    }
    let fits = match (wanted, &set.data) {
        (Wanted::Nothing, None) | (Wanted::Verdict, Some(DataKind::Verdict)) => true,
        (Wanted::Fields(wanted), Some(DataKind::Fields(fields))) => wanted == fields,
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("set {name} holds other data")) }
}

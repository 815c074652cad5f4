//! The readings of a document without indentation: each line in every open thing that can take it.
//!
//! The lines are gone through once. After each line there is one state for each way in which things can be open;
//! states that several readings lead to count them.
use std::collections::HashMap;

use super::{
    frame::{Frame, fits, takes},
    line::{Entry, Value, entry},
    schema::{Schema, Shape},
};
use crate::tree::Resolved;

/// More states than this after one line leave no hope of a single reading.
const MOST_STATES: usize = 1000;
/// Longer documents are not restored.
const MOST_LINES: usize = 2000;
/// How far a level is indented in a block of text with braces, as Corefiles usually are.
const BRACES: usize = 4;

type Stack<'a> = Vec<Frame<'a>>;

/// How a state is reached.
#[derive(Clone, Copy)]
struct Reached {
    /// How many unusual places were chosen.
    unusual: u32,
    /// By how many readings that choose so few; two stand for more.
    readings: u8,
    /// The last step of one of them.
    step: usize,
}

/// One line in its place.
struct Step {
    before: usize,
    column: usize,
}

/// A way to go on from a state.
struct Next<'a> {
    stack: Stack<'a>,
    column: usize,
    unusual: u32,
}

/// The column of each line, where exactly one reading is the most usual one. Comments stand where the line below does.
pub(super) fn columns(schema: &Schema, lines: &[&str]) -> Option<Vec<usize>> {
    if lines.len() > MOST_LINES || schema.structs.iter().any(|s| s.fields.len() > 128) {
        return None;
    }
    let search = Search { schema };
    let mut steps = vec![Step { before: 0, column: 0 }];
    let root = Frame::open(schema, schema.root, 0)?;
    let start = Reached { unusual: 0, readings: 1, step: 0 };
    let mut states: HashMap<Stack<'_>, Reached> = HashMap::from([(vec![root], start)]);
    for line in lines {
        let mut after: HashMap<Stack<'_>, Reached> = HashMap::new();
        for (stack, reached) in states {
            for next in search.next(stack, line) {
                steps.push(Step { before: reached.step, column: next.column });
                let step = steps.len() - 1;
                let unusual = reached.unusual + next.unusual;
                let new = Reached { unusual, readings: reached.readings, step };
                after.entry(next.stack).and_modify(|old| *old = better(*old, new)).or_insert(new);
            }
        }
        if after.is_empty() || after.len() > MOST_STATES {
            return None;
        }
        states = after;
    }
    let ends = states.into_iter().filter(|(stack, _)| search.is_whole(stack)).map(|(_, reached)| reached);
    let best = ends.reduce(better).filter(|best| best.readings == 1)?;
    let mut columns = Vec::with_capacity(lines.len());
    let mut at = best.step;
    while at != 0 {
        columns.push(steps[at].column);
        at = steps[at].before;
    }
    columns.reverse();
    with_comments(lines, &mut columns);
    Some(columns)
}

fn better(a: Reached, b: Reached) -> Reached {
    match a.unusual.cmp(&b.unusual) {
        std::cmp::Ordering::Less => a,
        std::cmp::Ordering::Greater => b,
        std::cmp::Ordering::Equal => Reached { readings: a.readings.saturating_add(b.readings).min(2), ..a },
    }
}

/// Where a comment stands is left open until here.
const AS_BELOW: usize = usize::MAX;

fn with_comments(lines: &[&str], columns: &mut [usize]) {
    let mut below = 0;
    for (column, line) in columns.iter_mut().zip(lines).rev() {
        if *column != AS_BELOW {
            below = *column;
        } else {
            *column = if line.is_empty() { 0 } else { below };
        }
    }
}

struct Search<'s> {
    schema: &'s Schema,
}

impl Search<'_> {
    /// Every place that a line can have.
    fn next<'a>(&self, mut stack: Stack<'a>, line: &'a str) -> Vec<Next<'a>> {
        if line.is_empty() {
            return vec![Next { stack, column: AS_BELOW, unusual: 0 }];
        }
        let mut found = Vec::new();
        if matches!(stack.last(), Some(Frame::Text { .. })) {
            if let Some((stack, column)) = in_text(&stack, line) {
                found.push(Next { stack, column, unusual: 0 });
            }
            let text = stack.pop();
            if !text.as_ref().is_some_and(Frame::may_close) {
                let mut behind = Vec::new();
                if text.is_some_and(|text| text.is_doubtful()) {
                    self.entries(stack, line, &mut behind);
                }
                return if behind.is_empty() { found } else { Vec::new() };
            }
            let inside = found.len();
            self.entries(stack, line, &mut found);
            if found.len() > inside && begins_file(line) {
                // A text seldom has a line in it that looks like the next file of its ConfigMap.
                found[..inside].iter_mut().for_each(|next| next.unusual += 1);
            }
            return found;
        }
        if line.starts_with('#') {
            return vec![Next { stack, column: AS_BELOW, unusual: 0 }];
        }
        self.entries(stack, line, &mut found);
        found
    }

    /// Every open thing that can take a line as an entry of its own, the innermost first.
    fn entries<'a>(&self, mut stack: Stack<'a>, line: &'a str, found: &mut Vec<Next<'a>>) {
        let Some(entry) = entry(line) else { return };
        let mut left = 0;
        while !stack.is_empty() {
            if let Some((stack, column)) = self.place(&stack, &entry) {
                let unusual = self.unusual(&stack, &entry, left);
                found.push(Next { stack, column, unusual });
            }
            if !self.may_leave(&stack) {
                return;
            }
            stack.pop();
            left += 1;
        }
    }

    /// Puts an entry into the innermost open thing.
    fn place<'a>(&self, stack: &Stack<'a>, entry: &Entry<'a>) -> Option<(Stack<'a>, usize)> {
        let (top, outer) = stack.split_last()?;
        let (frame, shape, column) = match (top, entry.dash, entry.key) {
            (Frame::Struct { of, seen, column }, false, Some(key)) => {
                let (bit, shape) = top.free_field(self.schema, key)?;
                (Frame::Struct { of: *of, seen: seen | bit, column: *column }, shape, *column)
            }
            (Frame::Map { value, keys, column }, false, Some(key)) => {
                let closed = !keys.is_empty() && self.closes(outer, key, entry.value);
                if closed || keys.contains(key) {
                    return None;
                }
                let mut keys = keys.clone();
                keys.insert(key);
                (Frame::Map { value: *value, keys, column: *column }, *value, *column)
            }
            (Frame::List { item, column, .. }, true, _) => {
                return self.item(outer, *item, *column, entry);
            }
            _ => return None,
        };
        let mut stack = outer.to_vec();
        stack.push(frame);
        self.value(stack, shape, column, entry.value).map(|stack| (stack, column))
    }

    /// An item of a list, whose dash stands at a column.
    fn item<'a>(
        &self,
        outer: &[Frame<'a>],
        item: Shape,
        column: usize,
        entry: &Entry<'a>,
    ) -> Option<(Stack<'a>, usize)> {
        let mut stack = outer.to_vec();
        stack.push(Frame::List { item, filled: true, column });
        if entry.key.is_some() {
            stack.push(Frame::open(self.schema, item, column + 2)?);
            let inner = Entry { dash: false, ..*entry };
            return self.place(&stack, &inner).map(|(stack, _)| (stack, column));
        }
        self.value(stack, item, column, entry.value).map(|stack| (stack, column))
    }

    /// What is open behind a value; its key or dash stands at a column.
    fn value<'a>(
        &self,
        mut stack: Stack<'a>,
        shape: Shape,
        column: usize,
        value: Value<'_>,
    ) -> Option<Stack<'a>> {
        match value {
            Value::Nothing => stack.push(Frame::open(self.schema, shape, column + 2)?),
            Value::Block if fits(shape, value) => stack.push(Frame::text(column + 2)),
            value if fits(shape, value) => {}
            _ => return None,
        }
        Some(stack)
    }

    /// Whether a line behind a map's entries goes on with a struct around it instead: keys of maps are seldom written
    /// in camelCase, and never so that they are a field there by chance.
    fn closes(&self, outer: &[Frame<'_>], key: &str, value: Value<'_>) -> bool {
        let field = |frame: &Frame<'_>| {
            frame.free_field(self.schema, key).is_some_and(|(_, shape)| takes(shape, value))
        };
        key.contains(|c: char| c.is_ascii_uppercase()) && outer.iter().any(field)
    }

    /// Whether the innermost open thing may be closed.
    fn may_leave(&self, stack: &Stack<'_>) -> bool {
        let Some(top) = stack.last() else { return false };
        let root_metadata = stack.len() == 2
            && matches!(top, Frame::Struct { of, .. } if self.schema.structs[*of].name == "ObjectMeta");
        let named = || top.has(self.schema, "name") || top.has(self.schema, "generateName");
        stack.len() > 1 && top.may_close() && (!root_metadata || named())
    }

    /// Whether a document may end here.
    fn is_whole(&self, stack: &Stack<'_>) -> bool {
        let mut rest = stack.clone();
        while rest.len() > 1 {
            if !self.may_leave(&rest) {
                return false;
            }
            rest.pop();
        }
        let needed = ["apiVersion", "kind", "metadata"];
        rest.first().is_some_and(|root| needed.iter().all(|key| root.has(self.schema, key)))
    }

    /// Whether an entry was put where it seldom stands, though it may.
    fn unusual(&self, stack: &Stack<'_>, entry: &Entry<'_>, left: usize) -> u32 {
        let opened = usize::from(matches!(entry.value, Value::Nothing | Value::Block));
        let owner = stack.len().checked_sub(1 + opened).and_then(|at| stack.get(at));
        let unusual = match (owner, entry.key) {
            (Some(Frame::Struct { of, .. }), Some(key)) => match (self.schema.structs[*of].name, key) {
                // Resources of a whole pod are new, and a restart policy of one container is for sidecars.
                ("PodSpec", "resources") => left > 0,
                ("Container", "restartPolicy") => entry.value != Value::Plain(Resolved::Text("Always")),
                // A pod template's name is not read.
                ("ObjectMeta", "name") => stack.len() > 2 + opened,
                _ => false,
            },
            (Some(Frame::Map { .. }), Some("type")) => {
                let types = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
                types.iter().any(|name| entry.value == Value::Plain(Resolved::Text(name)))
            }
            _ => false,
        };
        u32::from(unusual)
    }
}

/// `prometheus.yml: |`
fn begins_file(line: &str) -> bool {
    entry(line).is_some_and(|e| !e.dash && e.value == Value::Block && e.key.is_some_and(|k| k.contains('.')))
}

/// A line as one more of a block of text. `None` where the text's own indentation matters and cannot be told.
fn in_text<'a>(stack: &Stack<'a>, line: &str) -> Option<(Stack<'a>, usize)> {
    let Some((Frame::Text { column, braces, .. }, outer)) = stack.split_last() else { return None };
    let trimmed = line.trim_end();
    let is_yaml = trimmed.ends_with(':') || trimmed.starts_with("- ");
    if is_yaml && *braces == 0 {
        return None;
    }
    let code = trimmed.split(" #").next().unwrap_or(trimmed);
    let code = if code.starts_with('#') { "" } else { code };
    let closing = code.chars().take_while(|c| matches!(c, '}' | ']')).count();
    let opened = code.matches(['{', '[']).count();
    let closed = code.matches(['}', ']']).count();
    let level = braces.checked_sub(closing)?;
    let braces = (braces + opened).checked_sub(closed)?;
    let at = column + BRACES * level;
    let mut stack = outer.to_vec();
    stack.push(Frame::Text { column: *column, braces, filled: true, doubtful: line.starts_with('#') });
    Some((stack, at))
}

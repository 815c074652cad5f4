//! YAML events into the arena.
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{
    Chunk, Issue, IssueKind, NodeId,
    blank::blanked,
    build::{Builder, Fatal, MAX_DEPTH, Text},
    loose::{Loose, Opening},
};

/// Why a document cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) message: String,
}

/// Kubernetes reads YAML with a port of libyaml, which ends unquoted text within brackets at a `?`, and takes `:`, `|` and
/// `>` at its beginning for signs.
fn plain_in_flow(text: &str) -> Result<(), Fatal> {
    if text.contains('?') || text.starts_with([':', '|', '>']) { Err(Fatal::SignInFlow) } else { Ok(()) }
}

/// How many bytes are read again at most because of lines that stand too far left.
const READ_AGAIN: usize = 1 << 27;

/// The parser holds all of a bracket that a document begins with, a hundred bytes for one: larger ones are no manifests,
/// of which the API server takes 3 MB.
const LARGEST_BRACKET: usize = 16 << 20;

/// Reads the documents of a chunk. Those before a broken one are kept.
pub(crate) fn read_yaml(builder: &mut Builder, chunk: Chunk<'_>) -> (Vec<NodeId>, Option<Broken>) {
    if chunk.text.len() > LARGEST_BRACKET && chunk.text.trim_start().starts_with(['[', '{']) {
        let message = "a document within brackets of more than 16 MB, which is no JSON".to_owned();
        return (Vec::new(), Some(Broken { line: chunk.line, column: 1, message }));
    }
    let nodes = builder.len();
    let (roots, broken) = read_text(builder, chunk, chunk.text);
    let Some(broken) = broken else { return (roots, None) };
    if let Some(blanked) = blanked(chunk.text) {
        builder.back_to(nodes);
        if let (roots, None) = read_text(builder, chunk, &blanked) {
            return (roots, None);
        }
        builder.back_to(nodes);
        let (roots, _) = read_text(builder, chunk, chunk.text);
        return (roots, Some(broken));
    }
    (roots, Some(broken))
}

/// Reads a chunk by a text that has the same places.
fn read_text(builder: &mut Builder, chunk: Chunk<'_>, text: &str) -> (Vec<NodeId>, Option<Broken>) {
    let mut loose = Loose::new(text);
    let (nodes, mut again) = (builder.len(), READ_AGAIN);
    loop {
        let mut reader = Reader {
            chunk,
            loose: &loose,
            ascii: chunk.text.is_ascii(),
            chars: 0,
            bytes: 0,
            source: builder.tree.source().text.clone(),
            open: Vec::new(),
            too_far_left: None,
        };
        let mut roots = Vec::new();
        let mut parser = Parser::new_from_str(loose.text());
        let broken = reader.documents(&mut parser, builder, &mut roots).err();
        if broken.is_none() {
            return (roots, None);
        }
        let opening = reader.too_far_left.filter(|_| chunk.text.len() <= again);
        if !opening.is_some_and(|opening| loose.loosen(opening)) {
            builder.abandon_document();
            return (roots, broken);
        }
        again -= chunk.text.len();
        builder.back_to(nodes);
    }
}

/// Base64 as Go decodes it, which passes over line breaks.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.replace(['\n', '\r'], "")).ok()
}

struct Reader<'s> {
    chunk: Chunk<'s>,
    loose: &'s Loose<'s>,
    /// Where characters and bytes count alike.
    ascii: bool,
    /// A place that was counted: so many characters, so many bytes from the start.
    chars: usize,
    bytes: usize,
    source: std::sync::Arc<str>,
    /// Of each collection that is open: where its bracket is, if it has one.
    open: Vec<Option<Opening>>,
    /// What a line belongs to that stands too far left for the parser.
    too_far_left: Option<Opening>,
}

impl Reader<'_> {
    fn documents(
        &mut self,
        parser: &mut Parser<'_, StrInput<'_>>,
        builder: &mut Builder,
        roots: &mut Vec<NodeId>,
    ) -> Result<(), Broken> {
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.scan_error(&error))?;
            let position = self.position(&span.start);
            let fed = match event {
                Event::Scalar(text, style, anchor, tag) => {
                    self.scalar(builder, &text, style, anchor, tag.as_deref(), span)
                }
                Event::SequenceStart(anchor, _) => {
                    self.opens(&span.start, b'[');
                    builder.start(position, false, anchor)
                }
                Event::MappingStart(anchor, _) => {
                    self.opens(&span.start, b'{');
                    builder.start(position, true, anchor)
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    self.open.pop();
                    builder.end()
                }
                Event::Alias(anchor) => builder.alias(position, anchor),
                Event::DocumentEnd => {
                    roots.extend(builder.finish_document());
                    Ok(())
                }
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
            };
            fed.map_err(|fatal| Broken { line: position.0, column: position.1, message: fatal.message() })?;
        }
        Ok(())
    }

    fn opens(&mut self, marker: &Marker, bracket: u8) {
        let opening = self.opening(marker);
        let is_flow = self.chunk.text.as_bytes().get(opening.byte) == Some(&bracket);
        self.open.push(is_flow.then_some(opening));
    }

    fn opening(&mut self, marker: &Marker) -> Opening {
        let column = self.loose.column(marker.line(), marker.col());
        Opening { byte: self.byte(self.loose.index(marker.index())), line: marker.line(), column }
    }

    fn scalar(
        &mut self,
        builder: &mut Builder,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Fatal> {
        let core = tag.filter(|t| t.is_yaml_core_schema()).map(|t| t.suffix.as_str());
        let plain = match (tag, core) {
            (None, _) => style == ScalarStyle::Plain,
            (Some(_), Some("int" | "float" | "bool" | "null")) => true,
            (Some(_), _) => false,
        };
        if style == ScalarStyle::Plain && self.open.iter().any(Option::is_some) {
            plain_in_flow(text)?;
        }
        let position = self.position(&span.start);
        if core == Some("binary") {
            let bytes = from_base64(text);
            let decoded = bytes.as_deref().map_or(text.into(), String::from_utf8_lossy);
            let id = builder.scalar(position, &Text::Owned(&decoded), false, anchor)?;
            if bytes.is_none() {
                builder.issues.push(Issue { at: id, kind: IssueKind::Binary });
            }
            return Ok(());
        }
        let place = self.place(text, style, span);
        builder.scalar(position, &place, plain, anchor)?;
        Ok(())
    }

    /// Where the source holds the scalar's text as it is, if it does.
    fn place<'t>(&mut self, text: &'t str, style: ScalarStyle, span: Span) -> Text<'t> {
        let quote = match style {
            ScalarStyle::Plain => 0,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
            ScalarStyle::Literal | ScalarStyle::Folded => return Text::Owned(text),
        };
        let start = self.chunk.start + self.byte(self.loose.index(span.start.index())) + quote;
        match self.source.get(start..start + text.len()) {
            Some(same) if same == text => Text::Source { start, len: text.len() },
            _ => Text::Owned(text),
        }
    }

    /// The byte that a character starts at. Places are asked for in order, so that counting goes on from the last.
    fn byte(&mut self, chars: usize) -> usize {
        if self.ascii {
            return chars;
        }
        if chars < self.chars {
            (self.chars, self.bytes) = (0, 0);
        }
        let rest = &self.chunk.text[self.bytes..];
        let step = chars - self.chars;
        self.bytes += rest.char_indices().nth(step).map_or(rest.len(), |(at, _)| at);
        self.chars = chars;
        self.bytes
    }

    fn position(&self, marker: &Marker) -> (u32, u32) {
        let clip = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let line = clip(marker.line()).saturating_sub(1).saturating_add(self.chunk.line);
        (line, clip(self.loose.column(marker.line(), marker.col())).saturating_add(1))
    }

    fn scan_error(&mut self, error: &ScanError) -> Broken {
        let within = self.open.iter().flatten().next().copied();
        self.too_far_left = match error.info() {
            "invalid indentation in quoted scalar" => Some(within.unwrap_or(self.opening(error.marker()))),
            info if info.starts_with("invalid indentation") => within,
            _ => None,
        };
        let (line, column) = self.position(error.marker());
        let message = match error.info() {
            "recursion limit exceeded" => Fatal::TooDeep.message(),
            info => info.to_owned(),
        };
        Broken { line, column, message }
    }
}

impl Fatal {
    pub(crate) fn message(self) -> String {
        match self {
            Self::TooDeep => format!("the document is nested more than {MAX_DEPTH} levels deep"),
            Self::AliasBomb => "the aliases of this document stand for far more than is written".into(),
            Self::SignInFlow => {
                "Kubernetes reads no unquoted text within brackets that has a `?`, or begins with `:`, `|` or `>`".into()
            }
            Self::Recursive => "this alias stands inside of what it stands for".into(),
            Self::TooLarge => "the source is too large".into(),
        }
    }
}

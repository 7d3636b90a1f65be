//! A folder of `.tf` files: what it declares.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Block, Body};

use crate::error::Source;
use crate::index::{Index, folder_of};

/// A block and the file that it is in.
pub(super) type In<'a, T> = (&'a Arc<Source>, &'a T);

/// A module of Terraform, as its files say it.
#[derive(Debug, Default)]
pub struct Module<'a> {
    /// Its folder.
    pub folder: &'a str,
    /// Its blocks, in the order of files and lines.
    pub(super) blocks: Vec<In<'a, Block>>,
    /// `local.*`.
    pub(super) locals: BTreeMap<&'a str, In<'a, Expression>>,
    /// Blocks of a kind by their labels.
    by_label: BTreeMap<(&'a str, &'a str, &'a str), usize>,
    /// Whether any of its files reads files.
    pub(super) reads: bool,
}

impl<'a> Module<'a> {
    /// Every module of a repository, by folder.
    pub(super) fn all(index: &'a Index) -> BTreeMap<&'a str, Self> {
        let mut modules: BTreeMap<&str, Self> = BTreeMap::new();
        for (path, body) in &index.hcl {
            // What is written for tests declares nothing.
            let Some(source) = index.texts.get(path) else {
                continue;
            };
            let module = modules.entry(folder_of(path)).or_default();
            module.folder = folder_of(path);
            module.reads |= source.text.contains("file(");
            module.take(source, body);
        }
        modules
    }

    fn take(&mut self, source: &'a Arc<Source>, body: &'a Body) {
        for block in body.blocks() {
            if block.has_ident("locals") {
                for attribute in block.body.attributes() {
                    let value = (source, &attribute.value);
                    self.locals.insert(attribute.key.as_str(), value);
                }
            }
            let label = |number: usize| block.labels.get(number).map_or("", |label| label.as_str());
            let key = (block.ident.as_str(), label(0), label(1));
            self.by_label.insert(key, self.blocks.len());
            self.blocks.push((source, block));
        }
    }

    /// The block of a kind with these labels.
    pub(super) fn block(&self, kind: &str, first: &str, second: &str) -> Option<In<'a, Block>> {
        let number = self.by_label.get(&(kind, first, second))?;
        self.blocks.get(*number).copied()
    }

    /// Its blocks of a kind.
    pub(super) fn of_kind<'m>(&'m self, kind: &'m str) -> impl Iterator<Item = In<'a, Block>> + 'm {
        let blocks = self.blocks.iter().copied();
        blocks.filter(move |(_, block)| block.has_ident(kind))
    }

    /// The source of a call, and the folder that it leads to if that is one of the repository's own.
    pub(super) fn called(&self, block: &Block) -> Option<(String, Option<String>)> {
        let source = block.body.get_attribute("source")?.value.as_str()?;
        let local = source.starts_with("./") || source.starts_with("../");
        let folder = local.then(|| crate::index::join(self.folder, source));
        Some((source.to_owned(), folder.flatten()))
    }

    /// The version constraint of a provider (`required_providers`), and where it stands.
    pub fn provider(&self, name: &str) -> Option<(&'a Arc<Source>, Range<usize>, String)> {
        self.of_kind("terraform").find_map(|(source, block)| {
            let mut required = block.body.get_blocks("required_providers");
            let attribute = required.find_map(|block| block.body.get_attribute(name))?;
            let object = attribute.value.as_object()?;
            let version = object
                .iter()
                .find(|(key, _)| key_name(key) == Some("version"));
            let version = version?.1.expr();
            let span = version.span()?;
            Some((source, span, version.as_str()?.to_owned()))
        })
    }
}

/// The name of a key of an object, if it is written out.
pub(super) fn key_name(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(ident) => Some(ident.as_str()),
        ObjectKey::Expression(expression) => expression.as_str(),
    }
}

/// The bytes of a block's first line: its kind and labels.
pub(super) fn head(block: &Block) -> Range<usize> {
    let start = block.ident.span().map_or(0, |span| span.start);
    let last = block.labels.last().and_then(hcl_edit::Span::span);
    let end = last
        .or_else(|| block.ident.span())
        .map_or(start, |span| span.end);
    start..end
}

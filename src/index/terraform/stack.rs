//! A root module as Terraform applies it, with the modules that it calls.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::eval::Trouble;
use super::value::Value;
use crate::error::Source;

/// A root module, as Terraform applies it.
#[derive(Debug, Default)]
pub struct Stack<'a> {
    /// Its folder.
    pub folder: &'a str,
    /// The folders of the modules that it calls, and its own.
    pub folders: BTreeSet<&'a str>,
    /// The charts that it installs, in the order of the files; those of a bootstrap in its own.
    pub installed: Vec<Installed<'a>>,
    /// The objects that it makes.
    pub made: Vec<Made<'a>>,
    /// The calls of the module that brings Flux.
    pub bootstraps: Vec<Bootstrap<'a>>,
    /// The clusters that it makes.
    pub machines: Vec<Machine<'a>>,
    /// Folders at which it lets Flux begin (`flux_bootstrap_git`, the values of the chart flux-instance).
    pub syncs: BTreeSet<String>,
    /// What Terraform stops at.
    pub troubles: Vec<Trouble<'a>>,
    /// Blocks where the provider of Helm takes attributes since version 3.
    pub old_forms: Vec<OldForm<'a>>,
}

/// A block of a form that the provider of Helm does not take any more.
#[derive(Debug, Clone)]
pub struct OldForm<'a> {
    /// The module that it is in.
    pub folder: &'a str,
    /// The file.
    pub source: &'a Arc<Source>,
    /// The word that begins the block.
    pub span: Range<usize>,
    /// That word.
    pub word: String,
    /// Ends of the words behind which an equals sign makes attributes of it, if that is all it takes.
    pub words: Option<Vec<usize>>,
}

/// Who installs a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// A `helm_release`.
    Resource {
        /// Whether whatever changes outside is left as it is: `ignore_changes = all`.
        ignores_all: bool,
        /// Whether it may not be there at all: `count` or `for_each` that is not known.
        perhaps: bool,
    },
    /// The Job of a bootstrap, by its number, which leaves a chart alone that Flux has taken over.
    Job(usize),
    /// The same, for the operator that brings Flux.
    Operator(usize),
}

/// A chart that Terraform installs.
#[derive(Debug, Clone)]
pub struct Installed<'a> {
    /// Who installs it.
    pub how: How,
    /// The file, and where in it.
    pub source: &'a Arc<Source>,
    /// The bytes that name it.
    pub span: Range<usize>,
    /// The name of the release.
    pub name: Value,
    /// Its namespace.
    pub namespace: Value,
    /// Where the chart is, as it is written.
    pub repository: Value,
    /// The chart; of a bootstrap a part of the above.
    pub chart: Value,
    /// Its version.
    pub version: Value,
    /// Texts of values, in the order in which later ones win. Nothing if single ones are set besides.
    pub values: Option<Vec<Value>>,
    /// By what a bootstrap knows that Flux has taken it over.
    pub adoption: Value,
    /// Whether the namespace is made along.
    pub makes_namespace: Value,
}

/// An object that Terraform makes.
#[derive(Debug, Clone)]
pub struct Made<'a> {
    /// Its kind, and those that Flux would call it by.
    pub kind: String,
    /// Its namespace, if it has one that is known.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The type of the resource.
    pub resource: &'a str,
    /// Whether changes from outside are left as they are, in whole or in part.
    pub ignores: bool,
    /// Whether it may not be there at all.
    pub perhaps: bool,
    /// The file.
    pub source: &'a Arc<Source>,
    /// The block's first line.
    pub span: Range<usize>,
}

/// A call of controlplaneio-fluxcd/flux-operator-bootstrap (`main.tf`, `variables.tf` there).
#[derive(Debug, Clone)]
pub struct Bootstrap<'a> {
    /// The file.
    pub source: &'a Arc<Source>,
    /// The block's first line.
    pub span: Range<usize>,
    /// The FluxInstance: its text.
    pub instance: Value,
    /// Manifests that are applied before any chart.
    pub yamls: Value,
    /// Variables that are put into manifests and values.
    pub runtime: Value,
    /// How long it waits.
    pub timeout: Value,
    /// Whether all charts that it installs are known.
    pub complete: bool,
}

/// Who brings the network of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The platform, and nobody else can.
    Platform,
    /// Nobody: something must be installed.
    Nobody,
}

/// A cluster that Terraform makes, of which it is known who brings its network.
#[derive(Debug, Clone)]
pub struct Machine<'a> {
    /// What it is, in words.
    pub what: &'static str,
    /// Who brings its network.
    pub network: Network,
    /// The file.
    pub source: &'a Arc<Source>,
    /// What says so.
    pub span: Range<usize>,
}

impl Installed<'_> {
    /// The name and the namespace under which Helm keeps it. None if files do not say both.
    pub fn release_id(&self) -> Option<(String, String)> {
        Some((self.name.as_text()?, self.namespace.as_text()?))
    }
}

impl<'a> Stack<'a> {
    /// The bootstrap that installs a chart.
    pub fn bootstrap_of(&self, installed: &Installed<'_>) -> Option<&Bootstrap<'a>> {
        match installed.how {
            How::Job(number) | How::Operator(number) => self.bootstraps.get(number),
            How::Resource { .. } => None,
        }
    }
}

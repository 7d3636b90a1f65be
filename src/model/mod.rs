//! The model of a platform: what is chosen, where, and with which answers.

mod answers;
mod platform;
mod print;
mod record;
mod resolve;
mod revise;
mod secrets;
mod settings;
mod standing;
mod tree;
mod units;
mod value;

pub use answers::{ALL, Answers, Given};
pub use platform::{
    Answer, AnswerOrigin, CatalogueRef, Chosen, Cluster, Git, GitAuth, Pending, PendingOp, Placed,
    Platform, Reason,
};
pub use print::answers_file;
pub use record::{RECORD, read as read_record, read_indexed, write as write_record};
pub use resolve::{
    About, Assumption, Environment, Form, Open, Resolution, Survey, check_git_url, provider_form,
    resolve, survey,
};
pub use revise::revise;
pub use secrets::{STORE, SecretsFrom};
pub use standing::Standing;
pub use tree::{RepoPath, Tree, case_collision};
pub use units::{Unit, Unmet, install_order, units, unmet};

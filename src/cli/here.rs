//! Commands of steps, as they work from where the user stands.

use std::path::Path;

use super::next::quote;

/// Where a platform is, seen from the current folder.
pub(super) struct Here {
    /// The platform's folder as the beginning of a path; blank if it is the current one.
    dir: String,
    /// Whether the current folder is the platform's, or in it.
    inside: bool,
}

impl Here {
    /// Seen from the current folder.
    pub(super) fn of(root: &Path) -> Self {
        let here = Path::new(".").canonicalize().ok();
        let dir = if here.as_deref() == Some(root) {
            String::new()
        } else {
            format!("{}/", root.display())
        };
        let inside = here.is_some_and(|here| here.starts_with(root));
        Self { dir, inside }
    }

    /// Seen from the platform's folder, for who has been told to go there.
    pub(super) fn there() -> Self {
        Self {
            dir: String::new(),
            inside: true,
        }
    }

    /// A path of the platform, as a word for a shell.
    fn path(&self, path: &str) -> String {
        quote(&format!("{}{path}", self.dir))
    }

    /// The platform's folder after a flag; blank if it is the current one.
    fn after_flag(&self) -> String {
        match self.dir.trim_end_matches('/') {
            "" => String::new(),
            dir => format!(" -C {}", quote(dir)),
        }
    }

    /// `git`, in the platform's folder.
    pub(super) fn git(&self) -> String {
        format!("git{}", self.after_flag())
    }

    /// `landform`, which finds the platform from every folder in it.
    pub(super) fn landform(&self) -> String {
        if self.inside {
            "landform".to_owned()
        } else {
            format!("landform{}", self.after_flag())
        }
    }

    /// `terraform`, in the root of a cluster.
    pub(super) fn terraform(&self, cluster: &str) -> String {
        format!(
            "terraform -chdir={}",
            self.path(&format!("terraform/{cluster}"))
        )
    }

    /// A line that speaks of the platform's folder as the current one: `"$PWD/…"`.
    pub(super) fn line(&self, line: &str) -> String {
        if self.dir.is_empty() {
            return line.to_owned();
        }
        let mut dir = String::new();
        for c in self.dir.chars() {
            if matches!(c, '"' | '$' | '`' | '\\') {
                dir.push('\\');
            }
            dir.push(c);
        }
        line.replace("$PWD/", &dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_elsewhere_the_folder_is_named() {
        let here = Here {
            dir: "/my $home/acme/".to_owned(),
            inside: false,
        };
        assert_eq!(here.git(), "git -C '/my $home/acme'");
        assert_eq!(here.landform(), "landform -C '/my $home/acme'");
        assert_eq!(
            here.terraform("prod"),
            "terraform -chdir='/my $home/acme/terraform/prod'"
        );
        assert_eq!(
            here.line("export X=\"$PWD/x\""),
            "export X=\"/my \\$home/acme/x\""
        );
        let there = Here::there();
        assert_eq!(
            (there.git(), there.landform()),
            ("git".into(), "landform".into())
        );
        assert_eq!(there.line("$PWD/x"), "$PWD/x");
    }
}

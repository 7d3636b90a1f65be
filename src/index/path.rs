//! Paths below the root of a repository, with `/`.

/// A path that a file in `folder` names, from the root of the repository. None for an address, and for one that
/// leaves the repository.
pub fn join(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") || path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A path that Flux reads from the root of a source, which is `root` in this repository: it leads no further up than
/// that, and a slash before it says nothing (kustomize-controller, `securejoin.SecureJoin`). None for an address.
pub fn rooted(root: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let below = parts.join("/");
    join(root, &below).filter(|_| !path.contains("://"))
}

/// The folder that a file lies in; blank for one at the root.
pub fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a path lies in a folder, or is it. All lie in the root.
pub fn is_within(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// How a file in `folder` names a path.
pub fn relative(folder: &str, path: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    let to: Vec<&str> = path.split('/').collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = vec![".."; from.len() - common];
    let parts: Vec<&str> = up.into_iter().chain(to[common..].iter().copied()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_and_relates() {
        for (folder, path, whole) in [
            ("a/b", "c.yaml", "a/b/c.yaml"),
            ("a/b", "../c", "a/c"),
            ("a/b", "../../c", "c"),
        ] {
            assert_eq!(join(folder, path).as_deref(), Some(whole));
            assert_eq!(relative(folder, whole), path);
        }
        assert_eq!(join("", "./a//b/").as_deref(), Some("a/b"));
        assert_eq!(join("a", "../.."), None);
        assert_eq!(join("a", "https://h/x"), None);
        assert_eq!(join("a", "/etc"), None);
    }

    #[test]
    fn what_lies_in_a_folder() {
        for (path, folder, is) in [
            ("a/b", "a", true),
            ("a", "a", true),
            ("a", "", true),
            ("ab", "a", false),
            ("a", "a/b", false),
        ] {
            assert_eq!(is_within(path, folder), is, "{path} {folder}");
        }
    }

    #[test]
    fn flux_stays_below_the_root() {
        for (root, path, whole) in [
            ("", "../apps/x", "apps/x"),
            ("", "./a/../../b/", "b"),
            ("", "/a", "a"),
            ("a", "../b", "a/b"),
            ("a", "./", "a"),
        ] {
            assert_eq!(rooted(root, path).as_deref(), Some(whole));
        }
        assert_eq!(rooted("", "https://h/x"), None);
    }
}

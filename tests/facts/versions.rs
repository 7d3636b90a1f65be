//! Versions, and constraints on them as Terraform writes them.

/// The numbers of a version (`v1.2.3-rc1` is 1, 2, 3) and whether it is a pre-release.
fn numbers(version: &str) -> Option<(Vec<u64>, bool)> {
    let plain = version.trim().trim_start_matches('v');
    let (core, pre) = match plain.split_once('-') {
        Some((core, _)) => (core, true),
        None => (plain.split('+').next()?, false),
    };
    let numbers: Option<Vec<u64>> = core.split('.').map(|n| n.parse().ok()).collect();
    Some((numbers?, pre))
}

fn padded(numbers: &[u64]) -> [u64; 3] {
    std::array::from_fn(|i| numbers.get(i).copied().unwrap_or(0))
}

/// Does the constraint (`~> 3.0`, `>= 1.2, < 2`, `1.2.3`) admit this version?
/// `None` if either cannot be read.
pub(crate) fn admits(constraint: &str, version: &str) -> Option<bool> {
    let (version, _) = numbers(version)?;
    let version = padded(&version);
    let mut all = true;
    for part in constraint.split(',') {
        let part = part.trim();
        let digits = part.find(|c: char| c.is_ascii_digit() || c == 'v')?;
        let (operator, wanted) = part.split_at(digits);
        let (wanted, _) = numbers(wanted)?;
        let low = padded(&wanted);
        all &= match operator.trim() {
            "" | "=" => version == low,
            "!=" => version != low,
            ">" => version > low,
            ">=" => version >= low,
            "<" => version < low,
            "<=" => version <= low,
            "~>" => {
                let fixed = wanted.len().saturating_sub(1).max(1);
                version >= low && version[..fixed] == low[..fixed]
            }
            _ => return None,
        };
    }
    Some(all)
}

/// Every version number that a sentence names.
pub(crate) fn named_in(text: &str) -> Vec<String> {
    let pattern = regex_lite::Regex::new(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?").expect("a pattern");
    pattern
        .find_iter(text)
        .map(|found| found.as_str().trim_end_matches('.').to_owned())
        .collect()
}

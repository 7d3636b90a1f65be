//! Printing answers so that they read back as the same platform.

use serde_json::{Map, Value, json};

use super::platform::{Platform, values};

/// The complete answers of a platform, defaults included, as an answers file.
///
/// # Errors
/// Never: the values are plain data.
pub fn answers_file(platform: &Platform) -> String {
    let mut clusters = Map::new();
    for (name, cluster) in &platform.clusters {
        let mut entry = Map::new();
        entry.insert("provider".to_owned(), json!(cluster.provider));
        if let Value::Object(answers) = values(&cluster.answers) {
            entry.extend(answers);
        }
        clusters.insert(name.clone(), Value::Object(entry));
    }
    let mut components = Map::new();
    for (name, chosen) in &platform.components {
        let mut entry = Map::new();
        let on: Vec<&String> = platform
            .clusters
            .iter()
            .filter(|(_, cluster)| cluster.components.contains_key(name))
            .map(|(cluster, _)| cluster)
            .collect();
        entry.insert("on".to_owned(), json!(on));
        let mut answers = Map::new();
        if !chosen.answers.is_empty() {
            answers.insert(super::ALL.to_owned(), values(&chosen.answers));
        }
        for (cluster_name, cluster) in &platform.clusters {
            if let Some(placed) = cluster
                .components
                .get(name)
                .filter(|p| !p.answers.is_empty())
            {
                answers.insert(cluster_name.clone(), values(&placed.answers));
            }
        }
        if !answers.is_empty() {
            entry.insert("answers".to_owned(), Value::Object(answers));
        }
        components.insert(name.clone(), Value::Object(entry));
    }
    let mut file = json!({
        "name": platform.name,
        "git": platform.git,
        "ci": platform.ci,
    });
    if let Some(email) = &platform.email {
        file["email"] = json!(email);
    }
    if let Some(catalogue) = &platform.catalogue {
        file["catalog"] = json!(catalogue);
    }
    file["clusters"] = Value::Object(clusters);
    file["components"] = Value::Object(components);
    serde_yaml::to_string(&file).unwrap_or_default()
}

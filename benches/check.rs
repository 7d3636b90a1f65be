//! Where `landform check` spends its time, on the largest of the golden trees: `cargo bench`. `check.py` measures the
//! whole program, on platforms of hundreds of clusters.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use landform::check::{Config, RULES, check};
use landform::index::{Index, Objects, Repository};

/// The texts of a golden tree, by path.
fn texts() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/kind-full/out");
    let files = walkdir::WalkDir::new(&root)
        .into_iter()
        .filter_map(Result::ok);
    let texts = files
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(&root).ok()?.to_str()?.to_owned();
            Some((path, std::fs::read_to_string(entry.path()).ok()?))
        });
    texts.collect()
}

fn stages(criterion: &mut Criterion) {
    let texts = texts();
    let bytes: usize = texts.values().map(String::len).sum();
    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Bytes(bytes.try_into().unwrap_or(u64::MAX)));
    group.bench_function("read every byte", |bencher| {
        bencher.iter(|| {
            texts
                .values()
                .flat_map(|text| text.bytes())
                .map(u64::from)
                .sum::<u64>()
        });
    });
    let mut turn = 0_u32;
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            turn += 1;
            // A text that was parsed before is remembered, so each turn has texts of its own.
            let fresh =
                |(path, text): (&String, &String)| (path.clone(), format!("# {turn}\n{text}"));
            Index::of_texts(texts.iter().map(fresh).collect())
        });
    });
    let index = Index::of_texts(texts.clone());
    group.bench_function("follow", |bencher| {
        bencher.iter(|| {
            let objects = Objects::of(&index);
            Repository::of(&index, &objects).units().count()
        });
    });
    let objects = Objects::of(&index);
    let repository = Repository::of(&index, &objects);
    group.bench_function("all rules", |bencher| {
        bencher.iter(|| check(black_box(&repository), &[], &Config::default()));
    });
    group.finish();
    let mut group = criterion.benchmark_group("rule");
    for rule in RULES {
        group.bench_function(rule.id, |bencher| {
            bencher.iter(|| check(black_box(&repository), &[rule.id], &Config::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);

use clap::Parser;
use engine::{
    embed::{Embedder, MiniLm},
    split::{ChunkSettings, split},
};
use std::{
    collections::HashMap,
    error::Error,
    path::{Path, PathBuf},
};
mod collection;
mod vectors;
use collection::Collection;

#[derive(Parser)]
struct Cli {
    #[arg(long, default_value = "../shared/eval")]
    eval: PathBuf,
    #[arg(long, default_value = "models/all-MiniLM-L6-v2")]
    model: PathBuf,
    #[arg(long, default_value = "target/bench")]
    cache: PathBuf,
    #[arg(long, default_value_t = 200)]
    max_tokens: usize,
    #[arg(long)]
    sets: Option<String>,
}
fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let m = MiniLm::load(&cli.model, 1)?;
    let all = "xquad-en,scifact,cranfield,cisi,cacm,xquad-de,xquad-es,xquad-zh".to_owned();
    for set in cli.sets.unwrap_or(all).split(',') {
        let c = Collection::read(&cli.eval.join("retrieval").join(set))?;
        let mut owner = vec![];
        let mut texts = vec![];
        for (d, doc) in c.documents.iter().enumerate() {
            let e = doc.extracted();
            for p in split(
                &e,
                &ChunkSettings {
                    max_tokens: cli.max_tokens,
                    overlap_sentences: 0,
                },
                |t| m.count_tokens(t),
            ) {
                owner.push(d);
                texts.push(p.with_context(&doc.title));
            }
        }
        let q: Vec<String> = c.queries.iter().map(|q| q.text.clone()).collect();
        let pv = vectors::embed_all(&m, &cli.cache, &format!("{set}-passages"), &texts)?;
        let qv = vectors::embed_all(&m, &cli.cache, &format!("{set}-queries"), &q)?;
        dump(
            &cli.cache.join(format!("{set}-{}.json", cli.max_tokens)),
            &c,
            &owner,
            &texts,
            &pv,
            &qv,
            &m,
        )?;
    }
    Ok(())
}
fn bm25(docs: &[Vec<String>], queries: &[Vec<String>], k: usize) -> Vec<Vec<(usize, f32)>> {
    let mut post: HashMap<&str, Vec<(usize, f32)>> = HashMap::new();
    let mut total = 0.0;
    for (i, d) in docs.iter().enumerate() {
        total += d.len() as f32;
        let mut tf: HashMap<&str, f32> = HashMap::new();
        for t in d {
            *tf.entry(t).or_default() += 1.0;
        }
        for (t, f) in tf {
            post.entry(t).or_default().push((i, f));
        }
    }
    let avg = total / docs.len() as f32;
    let n = docs.len() as f32;
    queries
        .iter()
        .map(|q| {
            let mut s = vec![0.0f32; docs.len()];
            for t in q {
                if let Some(p) = post.get(t.as_str()) {
                    let df = p.len() as f32;
                    let idf = ((n - df + 0.5) / (df + 0.5)).ln().max(1e-6);
                    for &(i, f) in p {
                        s[i] += idf * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * docs[i].len() as f32 / avg));
                    }
                }
            }
            let mut r: Vec<(usize, f32)> = s.into_iter().enumerate().filter(|x| x.1 > 0.0).collect();
            r.sort_by(|a, b| b.1.total_cmp(&a.1));
            r.truncate(k);
            r
        })
        .collect()
}
fn dump(
    path: &Path,
    c: &Collection,
    owner: &[usize],
    texts: &[String],
    pv: &[Vec<f32>],
    qv: &[Vec<f32>],
    m: &MiniLm,
) -> Result<(), Box<dyn Error>> {
    let docs: Vec<Vec<String>> = texts.iter().map(|t| engine::lexical::terms(t)).collect();
    let qs: Vec<Vec<String>> = c
        .queries
        .iter()
        .map(|q| engine::lexical::query_terms(&q.text))
        .collect();
    let lex = bm25(&docs, &qs, 50);
    let mut out = vec![];
    for (i, q) in c.queries.iter().enumerate() {
        let mut d: Vec<(usize, f32)> = pv
            .iter()
            .map(|v| v.iter().zip(&qv[i]).map(|(a, b)| a * b).sum::<f32>())
            .enumerate()
            .collect();
        d.sort_by(|a, b| b.1.total_cmp(&a.1));
        d.truncate(50);
        let rel: Vec<(usize, f64)> = q.relevance.iter().map(|(a, b)| (*a, *b)).collect();
        out.push(serde_json::json!({"q": q.text, "rel": rel, "lex": lex[i].iter().map(|x| (x.0, owner[x.0], x.1)).collect::<Vec<_>>(),
            "den": d.iter().map(|x| (x.0, owner[x.0], x.1)).collect::<Vec<_>>(), "terms": qs[i], "ntok": m.count_tokens(&q.text), "nwords": q.text.split_whitespace().count()}));
    }
    std::fs::write(path, serde_json::to_vec(&out)?)?;
    Ok(())
}

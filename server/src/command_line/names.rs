//! Finding what a person calls by its name.

use api::{KnowledgeBase, KnowledgeBaseId, Page};

use super::{
    Failure,
    door::{Door, DoorError},
};

/// The knowledge bases of these names or ids.
pub async fn knowledge_bases(door: &Door, wanted: &[String]) -> Result<Vec<KnowledgeBaseId>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let all = all_knowledge_bases(door).await?;
    wanted
        .iter()
        .map(|wanted| match find(&all, wanted) {
            Some(found) => Ok(found.id),
            None => Err(unknown("knowledge base", wanted, all.iter().map(|base| base.name.as_str())).into()),
        })
        .collect()
}

pub fn find<'a>(all: &'a [KnowledgeBase], wanted: &str) -> Option<&'a KnowledgeBase> {
    all.iter()
        .find(|base| base.name == wanted || base.id.to_string() == wanted)
}

/// Every knowledge base the user may read.
pub async fn all_knowledge_bases(door: &Door) -> Result<Vec<KnowledgeBase>, DoorError> {
    let mut all = Vec::new();
    let mut path = "/knowledge-bases?limit=200".to_owned();
    loop {
        let page: Page<KnowledgeBase> = door.get(&path).await?;
        all.extend(page.items);
        match page.next_cursor {
            Some(cursor) => path = format!("/knowledge-bases?limit=200&cursor={cursor}"),
            None => return Ok(all),
        }
    }
}

/// Says that nothing has this name, and which names there are.
pub fn unknown<'a>(what: &str, wanted: &str, there: impl Iterator<Item = &'a str>) -> String {
    let there: Vec<&str> = there.collect();
    if there.is_empty() {
        format!("there is no {what} called {wanted}, nor any other")
    } else {
        format!("there is no {what} called {wanted}; there is {}", there.join(", "))
    }
}

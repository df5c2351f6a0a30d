//! What is dropped on the page: files, and those within folders.

use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, File, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry};

/// Files and folders of a drop, which can be asked for only while it is being told.
pub fn entries(data: &DataTransfer) -> Vec<FileSystemEntry> {
    let items = data.items();
    (0..items.length())
        .filter_map(|index| items.get(index)?.webkit_get_as_entry().ok().flatten())
        .collect()
}

/// All files of these entries, folder by folder; none that is hidden. What cannot be read is left out.
pub async fn files(entries: Vec<FileSystemEntry>) -> Vec<File> {
    let mut files = Vec::new();
    let mut waiting = entries;
    waiting.reverse();
    while let Some(entry) = waiting.pop() {
        if entry.name().starts_with('.') {
            continue;
        }
        if entry.is_directory() {
            let mut within = children(entry.unchecked_ref()).await;
            within.sort_unstable_by_key(|child| std::cmp::Reverse(child.name()));
            waiting.append(&mut within);
        } else if let Ok(file) = file(entry.unchecked_ref()).await {
            files.push(file);
        }
    }
    files
}

async fn file(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    let promise = Promise::new(&mut |done, failed| {
        entry.file_with_callback_and_callback(done.unchecked_ref(), failed.unchecked_ref());
    });
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

/// A browser lists a folder in parts, and ends with an empty one.
async fn children(folder: &FileSystemDirectoryEntry) -> Vec<FileSystemEntry> {
    let reader = folder.create_reader();
    let mut children = Vec::new();
    loop {
        let promise = Promise::new(&mut |done, failed| {
            let asked = reader.read_entries_with_callback_and_callback(done.unchecked_ref(), failed.unchecked_ref());
            if let Err(error) = asked {
                // The promise takes any value; calling its own function cannot fail.
                let _ = failed.call1(&JsValue::UNDEFINED, &error);
            }
        });
        let part = JsFuture::from(promise)
            .await
            .map(|list| Array::from(&list))
            .unwrap_or_default();
        if part.length() == 0 {
            return children;
        }
        children.extend(part.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
    }
}

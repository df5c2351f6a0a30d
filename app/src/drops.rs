//! Files and folders that are dropped anywhere on a page.

use js_sys::{Array, Promise};
use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry};

/// Gives files that are dropped to `take`, those within folders too, and keeps whether some are held over the page.
/// Without this, a file that is dropped on the page would replace it.
pub fn take_drops(dragging: RwSignal<bool>, take: impl Fn(Vec<File>) + Clone + 'static) {
    let over = window_event_listener(ev::dragover, move |event| {
        if event.data_transfer().is_some_and(|data| holds_files(&data)) {
            event.prevent_default();
            dragging.set(true);
        }
    });
    let leave = window_event_listener(ev::dragleave, move |event| {
        // Elements of the page are entered and left all the time; the page itself is left to nowhere.
        if event.related_target().is_none() {
            dragging.set(false);
        }
    });
    let drop = window_event_listener(ev::drop, move |event| {
        let Some(data) = event.data_transfer().filter(holds_files) else {
            return;
        };
        event.prevent_default();
        dragging.set(false);
        let entries = entries(&data);
        if entries.is_empty() {
            // What a script drops has no entries.
            take(listed(data.files()));
        } else {
            let take = take.clone();
            spawn_local(async move { take(files(entries).await) });
        }
    });
    on_cleanup(move || {
        over.remove();
        leave.remove();
        drop.remove();
    });
}

pub fn listed(files: Option<FileList>) -> Vec<File> {
    let Some(files) = files else { return Vec::new() };
    (0..files.length()).filter_map(|index| files.item(index)).collect()
}

fn holds_files(data: &DataTransfer) -> bool {
    data.types().iter().any(|kind| kind == "Files")
}

/// Files and folders of a drop, which can be asked for only while it is being told.
fn entries(data: &DataTransfer) -> Vec<FileSystemEntry> {
    let items = data.items();
    (0..items.length())
        .filter_map(|index| items.get(index)?.webkit_get_as_entry().ok().flatten())
        .collect()
}

/// All files of these entries, folder by folder; none that is hidden. What cannot be read is left out.
async fn files(entries: Vec<FileSystemEntry>) -> Vec<File> {
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

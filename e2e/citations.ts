// Opening a document at words, as a citation does.

import { expect, type Page } from '@playwright/test';

interface TextPart {
  pages: { number: number; blocks: { start: number; text: string }[] }[];
}

/** The address of a document at the only place where its text has these words; line ends in them are the text's own. */
export async function addressOf(page: Page, document: string, words: string): Promise<string> {
  const response = await page.request.get(`/api/v1/documents/${document}/text?pages=50`);
  expect(response.ok()).toBe(true);
  const { pages } = (await response.json()) as TextPart;
  const characters: string[] = [];
  for (const { start, text } of pages.flatMap((part) => part.blocks)) {
    // Between blocks there are only line ends.
    while (characters.length < start) characters.push('\n');
    characters.push(...text);
  }
  const text = characters.join('');
  expect(text.split(words).length - 1, `${JSON.stringify(words)} in ${text}`).toBe(1);
  const start = [...text.slice(0, text.indexOf(words))].length;
  return `/documents/${document}?start=${start}&end=${start + [...words].length}#cited`;
}

/** Expects exactly these runs of text to be highlighted, in this order, and the first to be on the screen. */
export async function expectHighlighted(page: Page, runs: string[]): Promise<void> {
  await expect(page.locator('mark')).toHaveText(runs);
  await expect(page.locator('mark#cited')).toHaveText(runs[0] ?? '');
  await expect(page.locator('mark#cited')).toBeInViewport();
}

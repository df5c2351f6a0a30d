import { addressOf, expectHighlighted } from '../citations.ts';
import { docx, pdf } from '../files.ts';
import { expect, test } from '../fixtures.ts';
import { hydrated } from '../journeys.ts';
import { Person } from '../person.ts';

const filler = Array.from({ length: 60 }, (_, number) => `Paragraph ${number} says nothing that is asked for.`);

test.describe('a citation opens highlighted at its exact words', () => {
  let person: Person;
  let knowledgeBase: string;

  test.beforeEach(async ({ hyperion, signIn }) => {
    person = await Person.signUp(hyperion.url, 'Rita Reader');
    knowledgeBase = await person.createKnowledgeBase('Reading');
    await signIn(person);
  });

  test('in a text file, counted in characters and not in bytes', async ({ page }) => {
    const text = [...filler, 'Grüße aus Köln 🎉: die Brücke wurde 1894 gebaut.', ...filler].join('\n\n');
    const { id } = await person.upload(knowledgeBase, 'bridge.txt', text);
    await page.goto(await addressOf(page, id, 'Brücke wurde 1894'));
    await hydrated(page);
    await expectHighlighted(page, ['Brücke wurde 1894']);
    await expect(page.getByText('The cited words are highlighted.')).toBeAttached();
    await expect(page.locator('mark#cited')).toBeFocused();
  });

  test('over a heading, a list and the paragraph after them', async ({ page }) => {
    const text = '# Kinds of tea\n\n- green\n- black\n\nAll of them are dried.\n';
    const { id } = await person.upload(knowledgeBase, 'tea.md', text);
    await page.goto(await addressOf(page, id, 'tea\n\n- green\n- black\n\nAll of them'));
    await expectHighlighted(page, ['tea', '- green', '- black', 'All of them']);
  });

  test('in a Word document', async ({ page }) => {
    const file = docx(['The contract begins in March.', 'Either party may end it with ninety days notice.']);
    const { id } = await person.upload(knowledgeBase, 'contract.docx', file);
    await page.goto(await addressOf(page, id, 'ninety days'));
    await expectHighlighted(page, ['ninety days']);
    await expect(page.getByText('Word', { exact: true })).toBeVisible();
  });

  test('in a PDF, on its page, with the original beside it at that page', async ({ page }) => {
    const file = pdf([['The first page is about apples.'], ['Pears are harvested in September.']]);
    const { id } = await person.upload(knowledgeBase, 'fruit.pdf', file);
    await page.goto(await addressOf(page, id, 'harvested in September'));
    await hydrated(page);
    await expectHighlighted(page, ['harvested in September']);
    await expect(page.getByRole('region', { name: 'Page 2' }).locator('mark')).toBeVisible();
    await page.getByText('Original', { exact: true }).click();
    const original = page.frameLocator('iframe[title="Original of fruit.pdf"]');
    await expect(page.locator('iframe[title="Original of fruit.pdf"]')).toHaveAttribute('src', /inline=true#page=2$/);
    await expect(original.locator('embed, iframe, body').first()).toBeAttached();
  });

  test('in cells of a table, whole or in part', async ({ page }) => {
    const table = 'Tea,Price\n"Green | fine",12 crowns\nBlack,9 crowns\n';
    const { id } = await person.upload(knowledgeBase, 'prices.csv', table);
    await page.goto(await addressOf(page, id, 'fine | 12 crowns |\n| Black'));
    await expectHighlighted(page, ['fine', '12 crowns', 'Black']);
    const cell = page.getByRole('cell', { name: 'Green | fine' });
    await expect(cell).toHaveText('Green | fine');
    await expect(cell.locator('mark')).toHaveText('fine');
    await expect(page.getByRole('columnheader', { name: 'Price' }).locator('mark')).toHaveCount(0);
  });

  test('when it is deep in a long document, which then loads on in both directions', async ({ page }) => {
    test.slow();
    const paragraphs = Array.from({ length: 1500 }, (_, number) => `Paragraph number ${number} of the long text.`);
    const { id } = await person.upload(knowledgeBase, 'long.txt', paragraphs.join('\n\n'));
    await page.goto(await addressOf(page, id, 'Paragraph number 750 of'));
    await hydrated(page);
    await expectHighlighted(page, ['Paragraph number 750 of']);
    await expect(page.getByText('Paragraph number 0 of')).toHaveCount(0);

    await page.getByRole('link', { name: 'Show more text' }).click();
    await expect(page.getByText('Paragraph number 1250 of')).toBeAttached();
    await page.getByRole('link', { name: 'Show the text before' }).click();
    await expect(page.getByText('Paragraph number 250 of')).toBeAttached();
    // What was cut is joined again: no paragraph is missing, doubled or broken.
    const shown = await page.locator('.document-text p').allInnerTexts();
    const first = Number(/number (\d+)/.exec(shown[0] ?? '')?.[1]);
    expect(shown).toEqual(paragraphs.slice(first, first + shown.length));
  });
});

test('pages are gone through one by one and jumped to', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Piet Pages');
  const knowledgeBase = await person.createKnowledgeBase('Pages');
  const lines = Array.from({ length: 9 }, (_, number) => [`This is sheet ${number + 1} of nine.`]);
  const { id } = await person.upload(knowledgeBase, 'nine.pdf', pdf(lines));
  const page = await signIn(person);
  await page.goto(`/documents/${id}`);
  await hydrated(page);
  const pages = page.getByRole('navigation', { name: 'Pages', exact: true });
  await expect(page.getByText('This is sheet 1 of nine.')).toBeVisible();

  await pages.getByLabel('Page', { exact: true }).fill('7');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\?page=7$/);
  await expect(page.getByText('This is sheet 7 of nine.')).toBeVisible();
  await expect(page.getByText('This is sheet 6 of nine.')).toHaveCount(0);
  await pages.getByRole('link', { name: 'Next page' }).click();
  await expect(page.getByText('This is sheet 7 of nine.')).toHaveCount(0);
  await expect(page.getByText('This is sheet 8 of nine.')).toBeVisible();
  await pages.getByRole('link', { name: 'Previous page' }).click();
  await expect(page.getByText('This is sheet 7 of nine.')).toBeVisible();
});

test('a document that cannot be read says why and what to do, and its original downloads', async ({
  hyperion,
  signIn,
}) => {
  const person = await Person.signUp(hyperion.url, 'Fay Failed');
  const knowledgeBase = await person.createKnowledgeBase('Failures');
  const page = await signIn(person);
  const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3)) % 256));
  await page.request.post(`/api/v1/knowledge-bases/${knowledgeBase}/documents`, {
    multipart: { file: { name: 'noise.txt', mimeType: 'text/plain', buffer: bytes } },
  });
  await page.goto(`/knowledge-bases/${knowledgeBase}`);
  const row = page.getByRole('row', { name: 'noise.txt' });
  await expect(row).toContainText('Failed', { timeout: 30_000 });
  await row.getByRole('link', { name: 'noise.txt', exact: true }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'noise.txt' })).toBeVisible();
  const main = page.getByRole('main');
  await expect(main).toContainText('The file is not text');
  await expect(main).toContainText('Upload the document in its own format');
  await expect(page.getByRole('button', { name: 'Try again' })).toBeEnabled();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download original' }).click();
  const chunks: Buffer[] = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
});

test('back leads to where the reader came from', async ({ library, signIn }) => {
  const page = await signIn(library.owner);
  await page.goto(`/knowledge-bases/${library.knowledgeBase}`);
  await hydrated(page);
  await page.getByRole('link', { name: 'lighthouse.txt', exact: true }).click();
  await expect(page).toHaveURL(/\/documents\//);
  await page.getByRole('button', { name: 'Back' }).click();
  await expect(page).toHaveURL(`/knowledge-bases/${library.knowledgeBase}`);
});

test('a document of somebody else is not shown', async ({ hyperion, library, signIn }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Stan Stranger'));
  const response = await page.goto(`/documents/${library.document}`);
  expect(response?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This document cannot be shown');
});

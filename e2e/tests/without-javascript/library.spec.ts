import { addressOf, expectHighlighted } from '../../citations.ts';
import { pdf } from '../../files.ts';
import { expect, test } from '../../fixtures.ts';
import { filePicker } from '../../journeys.ts';
import { Person } from '../../person.ts';

test('a knowledge base is made and several files are uploaded to it', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Nils Noscript');
  const page = await signIn(person);
  await page.goto('/knowledge-bases');
  await page.getByLabel('Name').fill('Plain');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Plain' })).toBeVisible();

  const names = ['one.txt', 'two.txt'];
  const files = names.map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`This is ${name}.`) }));
  await filePicker(page).setInputFiles(files);
  await page.getByRole('button', { name: 'Upload' }).click();
  for (const name of names) {
    await expect(async () => {
      await page.reload();
      await expect(page.getByRole('row', { name })).toContainText('Ready', { timeout: 1_000 });
    }).toPass({ timeout: 30_000 });
  }
});

test('cited words are highlighted and on the screen', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Nora Noscript');
  const knowledgeBase = await person.createKnowledgeBase('Plain');
  const page = await signIn(person);

  const paragraphs = Array.from({ length: 1000 }, (_, number) => `Paragraph number ${number} of the long text.`);
  const long = await person.upload(knowledgeBase, 'long.txt', paragraphs.join('\n\n'));
  await page.goto(await addressOf(page, long.id, 'number 500 of the long'));
  await expectHighlighted(page, ['number 500 of the long']);
  await page.getByRole('link', { name: 'Show more text' }).click();
  await expect(page.getByText('Paragraph number 900 of')).toBeAttached();

  const fruit = await person.upload(knowledgeBase, 'fruit.pdf', pdf([['About apples.'], ['Pears ripen late.']]));
  await page.goto(await addressOf(page, fruit.id, 'ripen late'));
  await expectHighlighted(page, ['ripen late']);
});

test('documents are searched and paged, and pages of text gone through', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Nina Noscript');
  const knowledgeBase = await person.createKnowledgeBase('Plain');
  const page = await signIn(person);
  await person.upload(knowledgeBase, 'apples.txt', 'About apples.');
  const pages = Array.from({ length: 4 }, (_, number) => [`This is sheet ${number + 1}.`]);
  const { id } = await person.upload(knowledgeBase, 'sheets.pdf', pdf(pages));
  await page.goto(`/knowledge-bases/${knowledgeBase}`);
  await page.getByRole('searchbox', { name: 'Search documents' }).fill('sheets');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByRole('rowheader')).toHaveText(['sheets.pdf']);

  await page.goto(`/documents/${id}`);
  await page.getByRole('link', { name: 'Next page' }).click();
  await expect(page.getByText('This is sheet 2.')).toBeVisible();
  await expect(page.getByText('This is sheet 1.')).toHaveCount(0);
});

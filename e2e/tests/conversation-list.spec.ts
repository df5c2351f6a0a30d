import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { expect, lighthouse, test } from '../fixtures.ts';
import { hydrated } from '../journeys.ts';
import { Person } from '../person.ts';

/** Somebody with three conversations, the newest first: `paid`, `oil` and `built`. */
async function talker(hyperion: { url: string }, name: string) {
  const person = await Person.signUp(hyperion.url, name);
  const knowledgeBase = await person.createKnowledgeBase('Lighthouses');
  await person.upload(knowledgeBase, lighthouse.file, lighthouse.text);
  const built = await person.ask('Who built the lighthouse on Skerry Island?');
  const oil = await person.ask('What did the lamp burn until 1901?');
  const paid = await person.ask('What was the keeper paid a year?');
  return { person, built: built.conversation, oil: oil.conversation, paid: paid.conversation };
}

const list = (page: Page) => page.getByRole('region', { name: 'Conversations' });
const links = (page: Page) => list(page).getByRole('listitem').getByRole('link').filter({ hasNotText: 'Export' });

async function actions(page: Page, title: string): Promise<Locator> {
  const row = list(page).getByRole('listitem').filter({ hasText: title });
  await row.locator('summary').click();
  return row;
}

test('conversations are listed newest first, pinned ones before them', async ({ hyperion, signIn }) => {
  const { person } = await talker(hyperion, 'Lena List');
  const page = await signIn(person);
  await page.goto('/');
  await hydrated(page);
  await expect(links(page)).toHaveText([/paid/, /lamp/, /built/]);

  const row = await actions(page, 'Who built');
  await row.getByRole('button', { name: 'Pin', exact: true }).click();
  await expect(links(page)).toHaveText([/Pinned: Who built/, /paid/, /lamp/]);
  await page.reload();
  await hydrated(page);
  await expect(links(page)).toHaveText([/Pinned: Who built/, /paid/, /lamp/]);
  const pinned = await actions(page, 'Who built');
  await pinned.getByRole('button', { name: 'Unpin' }).click();
  await expect(links(page)).toHaveText([/paid/, /lamp/, /^Who built/]);
});

test('a conversation is renamed in the list and on its page', async ({ hyperion, signIn }) => {
  const { person, oil } = await talker(hyperion, 'Rita Rename');
  const page = await signIn(person);
  await page.goto(`/conversations/${oil}`);
  await hydrated(page);
  const row = await actions(page, 'What did the lamp');
  await row.getByLabel('Title').fill('Lamp fuel');
  await row.getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Lamp fuel');
  await expect(list(page).getByRole('link', { name: 'Lamp fuel' })).toHaveAttribute('aria-current', 'page');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Lamp fuel');
});

test('search finds words of titles and of answers', async ({ hyperion, signIn }) => {
  const { person } = await talker(hyperion, 'Selma Search');
  const page = await signIn(person);
  await page.goto('/');
  await hydrated(page);
  const search = page.getByRole('searchbox', { name: 'Search conversations' });
  await search.fill('LAMP');
  await expect(links(page)).toHaveText([/lamp/]);
  await search.fill('goats');
  await expect(links(page)).toHaveText([/paid/]);
  await search.fill('zeppelin');
  await expect(list(page)).toContainText('No conversation has these words.');
  await search.fill('');
  await expect(links(page)).toHaveCount(3);
});

test('a conversation is deleted only after being asked, and its page left', async ({ hyperion, signIn }) => {
  const { person, built } = await talker(hyperion, 'Detlef Delete');
  const page = await signIn(person);
  await page.goto(`/conversations/${built}`);
  await hydrated(page);
  const row = await actions(page, 'Who built');
  await row.getByRole('button', { name: 'Delete…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Who built the lighthouse');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(links(page)).toHaveCount(3);

  await row.getByRole('button', { name: 'Delete…' }).click();
  await dialog.getByRole('button', { name: 'Delete conversation' }).click();
  await expect(page).toHaveURL('/');
  await expect(links(page)).toHaveText([/paid/, /lamp/]);
  await page.reload();
  await expect(links(page)).toHaveText([/paid/, /lamp/]);
});

test('a conversation is exported as Markdown and as JSON with its sources', async ({ hyperion, signIn }) => {
  const { person } = await talker(hyperion, 'Edda Export');
  const page = await signIn(person);
  await page.goto('/');
  await hydrated(page);
  const row = await actions(page, 'Who built');
  const exported = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      row.getByRole('link', { name }).click(),
    ]);
    return readFile(await download.path(), 'utf8');
  };
  const markdown = await exported('Export Markdown');
  expect(markdown).toContain('# Who built the lighthouse on Skerry Island?');
  expect(markdown).toContain('Agnes Thorvald');
  expect(markdown).toContain(lighthouse.file);
  const json = JSON.parse(await exported('Export JSON')) as { messages: { citations: { document_name: string }[] }[] };
  expect(json.messages[1]?.citations[0]?.document_name).toBe(lighthouse.file);
});

test('on a narrow screen the list is in the menu, which closes when a conversation is opened', async ({
  hyperion,
  signIn,
}) => {
  const { person } = await talker(hyperion, 'Nils Narrow');
  const page = await signIn(person);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/');
  await hydrated(page);
  await expect(list(page)).toBeHidden();
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await links(page).filter({ hasText: 'lamp' }).click();
  await expect(page).toHaveURL(/\/conversations\//);
  await expect(list(page)).toBeHidden();
  await expect(page.getByRole('article', { name: 'Answer' })).toContainText('whale oil');
});

test('older conversations are shown on request', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Mia Many');
  for (let number = 1; number <= 43; number++) await person.ask(`Question number ${number}?`);
  const page = await signIn(person);
  await page.goto('/');
  await hydrated(page);
  await expect(links(page)).toHaveCount(40);
  await page.getByRole('button', { name: 'Show older ones' }).click();
  await expect(links(page)).toHaveCount(43);
  await expect(links(page).last()).toHaveText('Question number 1?');
  await expect(page.getByRole('button', { name: 'Show older ones' })).toHaveCount(0);
});

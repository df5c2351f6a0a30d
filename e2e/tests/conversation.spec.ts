import { expect, lighthouse, test } from '../fixtures.ts';
import { ask, citation, expectHighlightedQuote, hydrated } from '../journeys.ts';
import { Person } from '../person.ts';

/** Somebody who has uploaded a text and asks about it on the home page. */
async function reader(hyperion: { url: string }, name: string): Promise<Person> {
  const person = await Person.signUp(hyperion.url, name);
  const knowledgeBase = await person.createKnowledgeBase('Lighthouses');
  await person.upload(knowledgeBase, lighthouse.file, lighthouse.text);
  return person;
}

test('an answer without a model quotes the documents and says so', async ({ hyperion, signIn }) => {
  const page = await signIn(await reader(hyperion, 'Quentin Quote'));
  await page.goto('/');
  await hydrated(page);
  await ask(page, lighthouse.question);

  await expect(page).toHaveURL(/\/conversations\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(lighthouse.question);
  const answer = page.getByRole('article', { name: 'Answer' });
  await expect(answer).toContainText(lighthouse.quote);
  await expect(answer).toContainText('The documents’ own sentences');
  await expect(answer.getByRole('heading', { name: 'Sources' })).toBeVisible();
  await expect(answer).toContainText('Quoted word for word');
  await expect(answer).toContainText('version 1');
  await expect(page.getByRole('status').filter({ hasText: /^Answer complete, \d sources?$/ })).toBeAttached();
});

test('a citation shows its quote under the pointer and with the focus, and Escape closes it', async ({
  signIn,
  library,
}) => {
  const page = await signIn(library.owner);
  await page.goto(`/conversations/${library.conversation}`);
  await hydrated(page);
  const card = page.locator('#citation-card');
  await expect(card).toBeHidden();

  await citation(page, 1).hover();
  await expect(card).toBeVisible();
  await expect(card).toContainText(lighthouse.quote);
  await expect(card).toContainText(lighthouse.file);
  await expect(card).toContainText('page 1');
  await expect(card).toContainText('Quoted word for word');
  await card.hover();
  await expect(card).toBeVisible();
  await page.getByRole('heading', { level: 2, name: lighthouse.question }).hover();
  await expect(card).toBeHidden();

  await citation(page, 1).focus();
  await expect(card).toBeVisible();
  await expect(citation(page, 1)).toHaveAccessibleDescription(new RegExp(lighthouse.quote));
  await page.keyboard.press('Escape');
  await expect(card).toBeHidden();

  await page.keyboard.press('Enter');
  await expectHighlightedQuote(page);
});

test('a finger shows the citation with its first tap and follows it with the second', async ({ browser, library, hyperion }) => {
  const { cookies } = await library.owner.session();
  const context = await browser.newContext({
    baseURL: hyperion.url,
    hasTouch: true,
    viewport: { width: 390, height: 844 },
  });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.goto(`/conversations/${library.conversation}`);
  await hydrated(page);

  await citation(page, 1).tap();
  const card = page.locator('#citation-card');
  await expect(card).toBeVisible();
  await expect(page).toHaveURL(/\/conversations\//);
  const box = await card.boundingBox();
  expect(box).not.toBeNull();
  expect(box!.x).toBeGreaterThanOrEqual(0);
  expect(box!.x + box!.width).toBeLessThanOrEqual(390);
  const read = await citation(page, 1).boundingBox();
  expect(box!.y >= read!.y + read!.height || box!.y + box!.height <= read!.y).toBe(true);

  await citation(page, 1).tap();
  await expectHighlightedQuote(page);
  await context.close();
});

test('what the documents do not say is not invented', async ({ hyperion, signIn }) => {
  const page = await signIn(await reader(hyperion, 'Nadia Nothing'));
  await page.goto('/');
  await hydrated(page);
  await ask(page, 'Which enzyme splits lactose?');
  const answer = page.getByRole('article', { name: 'Answer' });
  await expect(answer).toContainText('The documents do not say');
  await expect(answer.getByRole('link', { name: 'add documents' })).toBeVisible();
  await expect(answer.getByRole('heading', { name: 'Sources' })).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: 'the documents do not say' })).toBeAttached();
});

test('asking, reading, following a citation and asking on need only the keyboard', async ({ hyperion, signIn }) => {
  const page = await signIn(await reader(hyperion, 'Kay Keyboard'));
  await page.goto('/');
  await hydrated(page);
  const question = page.getByRole('textbox', { name: 'Ask a question' });
  await question.focus();
  await page.keyboard.type('Who built it?');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type(lighthouse.question);
  await expect(question).toHaveValue(`Who built it?\n${lighthouse.question}`);
  await page.keyboard.press('Enter');
  const answer = page.getByRole('article', { name: 'Answer' });
  await expect(answer).toContainText(lighthouse.quote);
  await expect(page.getByRole('heading', { level: 2 }).filter({ hasText: 'Who built it?' })).toBeVisible();

  await page.getByRole('textbox', { name: 'Ask a follow-up question' }).focus();
  await page.keyboard.type('How much was the keeper paid a year?');
  await page.keyboard.press('Enter');
  await expect(answer).toHaveCount(2);
  await expect(answer.last()).toContainText('forty crowns');
  await expect(page.getByRole('textbox', { name: 'Ask a follow-up question' })).toHaveValue('');

  await answer.last().getByRole('link', { name: 'Source 1: ' }).first().focus();
  await expect(page.locator('#citation-card')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/documents\/.*#cited$/);
});

test('a question that cannot be sent is kept and the reason told beside it', async ({ hyperion, signIn }) => {
  const page = await signIn(await reader(hyperion, 'Olga Offline'));
  await page.goto('/');
  await hydrated(page);
  await page.context().setOffline(true);
  await expect(page.getByRole('form').or(page.locator('form.composer'))).toContainText('You are offline');
  await ask(page, lighthouse.question);
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached');
  const question = page.getByRole('textbox', { name: 'Ask a question' });
  await expect(question).toHaveValue(lighthouse.question);

  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(page.getByRole('article', { name: 'Answer' })).toContainText(lighthouse.quote);
});

test('a question that was begun is still there after looking at another page', async ({ signIn, library }) => {
  const page = await signIn(library.owner);
  await page.goto('/');
  await hydrated(page);
  await page.getByRole('textbox', { name: 'Ask a question' }).fill('What did the goats');
  await page.getByRole('navigation').getByRole('link', { name: 'Settings' }).click();
  await expect(page).toHaveURL('/settings');
  await page.getByRole('navigation').getByRole('link', { name: 'New question' }).click();
  await expect(page.getByRole('textbox', { name: 'Ask a question' })).toHaveValue('What did the goats');
});

test('feedback with a note stays with the answer', async ({ hyperion, signIn }) => {
  const person = await reader(hyperion, 'Fritz Feedback');
  const { conversation } = await person.ask(lighthouse.question);
  const page = await signIn(person);
  await page.goto(`/conversations/${conversation}`);
  await hydrated(page);

  const down = page.getByRole('button', { name: 'This answer did not help' });
  await down.click();
  await expect(down).toHaveAttribute('aria-pressed', 'true');
  await page.getByLabel('What was wrong or missing? (optional)').fill('The year is not in the question.');
  await page.getByRole('button', { name: 'Save note' }).click();
  await expect(page.getByText('Your note: The year is not in the question.')).toBeVisible();

  await page.reload();
  await hydrated(page);
  await expect(down).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('button', { name: 'This answer helped' })).toHaveAttribute('aria-pressed', 'false');
  await expect(page.getByText('Your note: The year is not in the question.')).toBeVisible();
});

test('an answer is copied with its sources', async ({ signIn, library, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await signIn(library.owner);
  await page.goto(`/conversations/${library.conversation}`);
  await hydrated(page);
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain(lighthouse.quote);
  expect(copied).toContain(`[1] ${lighthouse.file}, page 1`);
});

test('somebody else’s conversation is not shown', async ({ hyperion, signIn, library }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Sven Stranger'));
  await page.goto(`/conversations/${library.conversation}`);
  await expect(page.getByRole('heading', { level: 1, name: 'This conversation cannot be shown' })).toBeVisible();
  await expect(page.getByRole('main')).not.toContainText(lighthouse.question);
});

test('files dropped on the home page make the first knowledge base', async ({ hyperion, signIn }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Dora Drop'));
  await page.goto('/');
  await hydrated(page);
  await expect(page.getByRole('heading', { name: 'Begin with your documents' })).toBeVisible();
  const files = await page.evaluateHandle(
    ([name, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text!], name!, { type: 'text/plain' }));
      return transfer;
    },
    [lighthouse.file, lighthouse.text],
  );
  await page.dispatchEvent('main', 'dragover', { dataTransfer: files });
  await page.dispatchEvent('main', 'drop', { dataTransfer: files });
  await expect(page).toHaveURL(/\/knowledge-bases\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1, name: 'My documents' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText(lighthouse.file);
});

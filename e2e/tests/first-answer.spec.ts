import { expect, lighthouse, test } from '../fixtures.ts';
import { ask, citation, expectHighlightedQuote, filePicker, hydrated, signUp } from '../journeys.ts';

test('a new user uploads a text, asks about it and opens the citation at the quoted words', async ({ page }) => {
  await signUp(page, 'Nora New');

  await page.getByRole('navigation').getByRole('link', { name: 'Knowledge bases' }).click();
  await expect(page).toHaveURL('/knowledge-bases');
  await hydrated(page);
  await page.getByLabel('Name').fill('Lighthouses');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/\/knowledge-bases\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Lighthouses' })).toBeVisible();

  await filePicker(page).setInputFiles({
    name: lighthouse.file,
    mimeType: 'text/plain',
    buffer: Buffer.from(lighthouse.text),
  });
  const row = page.getByRole('row', { name: lighthouse.file });
  await expect(row).toContainText('Ready', { timeout: 30_000 });

  await page.goto('/');
  await hydrated(page);
  await ask(page, lighthouse.question);
  await expect(page).toHaveURL(/\/conversations\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('main')).toContainText('Agnes Thorvald');

  await citation(page, 1).click();
  await expectHighlightedQuote(page);
});

test('a conversation is still there after a reload, its citations too', async ({ signIn, library }) => {
  const page = await signIn(library.owner);
  await page.goto(`/conversations/${library.conversation}`);
  await page.reload();
  await hydrated(page);
  await expect(page.getByRole('main')).toContainText(lighthouse.question);

  await citation(page, 1).click();
  await expectHighlightedQuote(page);
});

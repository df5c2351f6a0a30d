import { expect, lighthouse, test } from '../../fixtures.ts';
import { ask, citation, expectHighlightedQuote, filePicker, signUp } from '../../journeys.ts';
import { Person } from '../../person.ts';

test('signing up, and signing out and in again', async ({ page, hyperion }) => {
  await signUp(page, 'Olaf Offline');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/sign-in');

  const person = await Person.signUp(hyperion.url, 'Paula Plain');
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/');
});

test('uploading a text, asking about it and opening the citation at the quoted words', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Paula Plain');
  const knowledgeBase = await person.createKnowledgeBase('Lighthouses');
  const page = await signIn(person);

  await page.goto(`/knowledge-bases/${knowledgeBase}`);
  await filePicker(page).setInputFiles({
    name: lighthouse.file,
    mimeType: 'text/plain',
    buffer: Buffer.from(lighthouse.text),
  });
  await page.getByRole('button', { name: 'Upload' }).click();
  const row = page.getByRole('row', { name: lighthouse.file });
  await expect(async () => {
    await page.reload();
    await expect(row).toContainText('Ready', { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });

  await page.goto('/');
  await ask(page, lighthouse.question);
  await expect(page).toHaveURL(/\/conversations\/[0-9a-f-]{36}$/);
  await expect(async () => {
    await page.reload();
    await expect(citation(page, 1)).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await expect(page.getByRole('main')).toContainText('Agnes Thorvald');

  await citation(page, 1).click();
  await expectHighlightedQuote(page);
});

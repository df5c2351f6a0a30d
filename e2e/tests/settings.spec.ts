import { request } from '@playwright/test';
import { expect, test } from '../fixtures.ts';
import { expectAccessible, expectNoSidewaysScrolling, hydrated } from '../journeys.ts';
import { Person } from '../person.ts';

test('name and password are changed', async ({ hyperion, signIn, page: visitor }) => {
  const person = await Person.signUp(hyperion.url, 'Nadia Name');
  const page = await signIn(person);
  await page.goto('/settings');
  await hydrated(page);
  await expect(page.getByRole('region', { name: 'Profile' })).toContainText(person.email);
  await page.getByLabel('Name', { exact: true }).fill('Nadia Neu');
  await page.getByRole('button', { name: 'Save name' }).click();
  await expect(page.getByText('Name saved.')).toBeVisible();
  await expect(page.getByText('Nadia Neu')).toHaveCount(1);

  const current = page.getByLabel('Current password');
  const next = page.getByLabel('New password');
  await current.fill('not my password');
  await next.fill('kettle-marsh-violin');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(current).toBeFocused();
  await expect(current).toHaveAccessibleDescription(/not your current password/);
  await current.fill(person.password);
  await next.fill('password12');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(next).toBeFocused();
  await expect(next).toHaveAccessibleDescription(/easily guessed/);
  await next.fill('kettle-marsh-violin');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Password changed.')).toBeVisible();
  await expect(current).toHaveValue('');
  expect(await page.content()).not.toContain('kettle-marsh-violin');

  await page.reload();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Nadia Neu');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(visitor).toHaveURL(/\/sign-in/);
  await visitor.getByLabel('Email').fill(person.email);
  await visitor.getByLabel('Password').fill('kettle-marsh-violin');
  await visitor.getByRole('button', { name: 'Sign in' }).click();
  await expect(visitor).toHaveURL('/');
});

test('sessions are seen and ended, one of them or all others', async ({ hyperion, signIn }) => {
  const person = await Person.signUp(hyperion.url, 'Sven Sessions');
  const page = await signIn(person);
  const [phone, old] = [await elsewhere(hyperion.url, person, PHONE), await elsewhere(hyperion.url, person, 'curl/8.5.0')];
  await page.goto('/settings');
  await hydrated(page);
  const sessions = page.getByRole('region', { name: 'Sessions' });
  await expect(sessions.getByRole('listitem')).toHaveCount(3);
  await expect(sessions.getByRole('listitem').first()).toContainText('This browser');

  await sessions.getByRole('button', { name: 'Sign out Safari on iPhone' }).click();
  await expect(sessions.getByRole('listitem')).toHaveCount(2);
  expect((await phone.get('/api/v1/me')).status()).toBe(401);
  expect((await old.get('/api/v1/me')).status()).toBe(200);

  await sessions.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
  expect((await old.get('/api/v1/me')).status()).toBe(401);
  await page.reload();
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
});

test('an API key is shown once, works within its scope, and is revoked', async ({ hyperion, signIn, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: hyperion.url });
  const page = await signIn(await Person.signUp(hyperion.url, 'Kira Key'));
  await page.goto('/settings');
  await hydrated(page);
  const keys = page.getByRole('region', { name: 'API keys' });
  await keys.getByRole('button', { name: 'Create a key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create an API key' });
  await dialog.getByRole('button', { name: 'Create key' }).click();
  await expect(dialog.getByLabel('What it is for')).toBeFocused();
  await expect(dialog.getByLabel('What it is for')).toHaveAccessibleDescription(/Fill this in\./);
  await dialog.getByLabel('What it is for').fill('Nightly import');
  await dialog.getByLabel('It may').selectOption('Only read');
  await dialog.getByLabel('It expires').selectOption('In 30 days');
  await dialog.getByRole('button', { name: 'Create key' }).click();

  const note = keys.getByRole('group', { name: 'Your new key' });
  await expect(note).toBeFocused();
  const secret = (await note.locator('code').textContent()) ?? '';
  expect(secret).toMatch(/^hyp_/);
  await note.getByRole('button', { name: 'Copy key' }).click();
  await expect(note).toContainText('Copied.');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);

  const program = await request.newContext({
    baseURL: hyperion.url,
    extraHTTPHeaders: { Authorization: `Bearer ${secret}` },
  });
  expect(await (await program.get('/api/v1/me')).json()).toMatchObject({ name: 'Kira Key' });
  expect((await program.post('/api/v1/knowledge-bases', { data: { name: 'Mine' } })).status()).toBe(403);

  await page.reload();
  await hydrated(page);
  expect(await page.content()).not.toContain(secret);
  const row = keys.getByRole('listitem').filter({ hasText: 'Nightly import' });
  await expect(row).toContainText('Read only');
  await expect(row).toContainText('last used');
  await expect(row).toContainText('expires');
  await row.getByRole('button', { name: 'Revoke Nightly import' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke key' }).click();
  await expect(row).toHaveCount(0);
  expect((await program.get('/api/v1/me')).status()).toBe(401);
});

test('the settings lead to the API reference', async ({ hyperion, signIn }) => {
  test.slow();
  const page = await signIn(await Person.signUp(hyperion.url, 'Rita Reference'));
  await page.goto('/settings');
  await page.getByRole('link', { name: 'REST API' }).click();
  await expect(page).toHaveURL(/\/api\/docs/);
  await expect(page.getByRole('heading', { name: /Hyperion/ })).toBeVisible({ timeout: 60_000 });
});

test('settings need no sideways scrolling at 390 pixels, the new key neither', async ({ hyperion, signIn }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Nele Narrow'));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/settings');
  await hydrated(page);
  await page.getByRole('button', { name: 'Create a key' }).click();
  await page.getByLabel('What it is for').fill('x'.repeat(120));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('group', { name: 'Your new key' })).toBeVisible();
  await expectNoSidewaysScrolling(page);
  await expectAccessible(page);
});

const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';

/** The same person, signed in by another program. */
async function elsewhere(url: string, { email, password }: Person, userAgent: string) {
  const program = await request.newContext({ baseURL: url, userAgent, extraHTTPHeaders: { Origin: url } });
  const signedIn = await program.post('/api/v1/auth/sign-in', { data: { email, password } });
  expect(signedIn.status()).toBe(200);
  return program;
}

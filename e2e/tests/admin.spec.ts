import { request } from '@playwright/test';
import { expect, test } from '../fixtures.ts';
import { expectAccessible, expectNoSidewaysScrolling, hydrated } from '../journeys.ts';
import { Person } from '../person.ts';

test('an admin creates a user, disables and enables them, resets their password and deletes them', async ({
  hyperion,
  admin,
  signIn,
}) => {
  test.slow();
  const page = await signIn(admin);
  await page.goto('/admin/users');
  await hydrated(page);
  await expect(page.getByRole('main')).toContainText('Sign-up is open');

  const email = `dora.${crypto.randomUUID().slice(0, 8)}@example.org`;
  await page.getByRole('button', { name: 'Add a user' }).click();
  const form = page.getByRole('dialog', { name: 'Add a user' });
  await form.getByLabel('Name').fill('Dora Deleted');
  await form.getByLabel('Email').fill(admin.email);
  await form.getByLabel('First password').fill('kettle-marsh-violin');
  await form.getByRole('button', { name: 'Add user' }).click();
  await expect(form.getByLabel('Email')).toBeFocused();
  await expect(form.getByLabel('Email')).toHaveAccessibleDescription(/already/);
  await form.getByLabel('Email').fill(email);
  await form.getByRole('button', { name: 'Add user' }).click();
  await expect(page.getByText('Dora Deleted can sign in now')).toBeVisible();

  const signsIn = async (password: string) => {
    const http = await request.newContext({ baseURL: hyperion.url, extraHTTPHeaders: { Origin: hyperion.url } });
    const answer = await http.post('/api/v1/auth/sign-in', { data: { email, password } });
    await http.dispose();
    return answer.ok();
  };
  expect(await signsIn('kettle-marsh-violin')).toBe(true);

  await page.getByRole('searchbox', { name: 'Name or email' }).fill(email);
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page).toHaveURL(/search=dora/);
  const row = page.getByRole('main').getByRole('listitem');
  await expect(row).toHaveCount(1);
  await row.getByText('Dora Deleted').click();
  await row.getByRole('button', { name: 'Disable: Dora Deleted' }).click();
  await expect(row).toContainText('Disabled');
  expect(await signsIn('kettle-marsh-violin')).toBe(false);
  await row.getByRole('button', { name: 'Enable: Dora Deleted' }).click();
  await expect(row.getByText('Disabled')).toHaveCount(0);

  await row.getByRole('button', { name: 'Make admin: Dora Deleted' }).click();
  await expect(row).toContainText('Admin');
  await row.getByRole('button', { name: 'Reset password: Dora Deleted' }).click();
  const reset = page.getByRole('dialog', { name: 'Reset the password of Dora Deleted' });
  await reset.getByLabel('New password').fill('short');
  await reset.getByRole('button', { name: 'Set password' }).click();
  await expect(reset.getByLabel('New password')).toHaveAccessibleDescription(/at least 10 characters/);
  await reset.getByLabel('New password').fill('glacier-tulip-anchor');
  await reset.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('Dora Deleted has a new password.')).toBeVisible();
  expect(await signsIn('kettle-marsh-violin')).toBe(false);
  expect(await signsIn('glacier-tulip-anchor')).toBe(true);

  await row.getByRole('button', { name: 'Delete: Dora Deleted' }).click();
  const question = page.getByRole('dialog', { name: 'Delete Dora Deleted?' });
  await expect(question).toContainText('knowledge bases with every document');
  await question.getByRole('button', { name: 'Delete user' }).click();
  await expect(page.getByText('Nobody found')).toBeVisible();
  expect(await signsIn('glacier-tulip-anchor')).toBe(false);
});

test('the last admin stays one, and is told why', async ({ admin, signIn }) => {
  const page = await signIn(admin);
  await page.goto(`/admin/users?search=${encodeURIComponent(admin.email)}`);
  await hydrated(page);
  const row = page.getByRole('main').getByRole('listitem');
  await row.getByText(admin.name).click();
  await expectAccessible(page);
  await expect(row.getByRole('button', { name: /Delete|Disable/ })).toHaveCount(0);
  await row.getByRole('button', { name: 'Make member' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'the only active administrator' })).toBeVisible();
  await expect(row).toContainText('Admin');
});

test('a member sees no admin page', async ({ hyperion, signIn }) => {
  const page = await signIn(await Person.signUp(hyperion.url, 'Max Member'));
  await page.goto('/');
  await hydrated(page);
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Users' })).toHaveCount(0);
  await page.goto('/admin/users');
  await hydrated(page);
  await expect(page.getByRole('main')).toContainText('Only administrators may do this');
  await expect(page.getByRole('button', { name: 'Add a user' })).toHaveCount(0);
  await expect(page.getByRole('main')).not.toContainText('@example.org');
});

test('users are paged through, and need no sideways scrolling at 390 pixels', async ({ admin, signIn }) => {
  test.setTimeout(180_000);
  const crowd = crypto.randomUUID().slice(0, 8);
  await admin.createUsers(
    Array.from({ length: 51 }, (_, number) => ({ name: `Crowd ${crowd} ${number}`, email: `${crowd}-${number}@example.org` })),
  );
  const page = await signIn(admin);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/admin/users?search=${crowd}`);
  await hydrated(page);
  const rows = page.getByRole('main').getByRole('listitem');
  await expect(rows).toHaveCount(50);
  await expectNoSidewaysScrolling(page);
  await page.getByRole('link', { name: 'Next page' }).click();
  await expect(rows).toHaveCount(1);
  await page.getByRole('link', { name: 'First page' }).click();
  await expect(rows).toHaveCount(50);
});

import { expect, test } from '../../fixtures.ts';

test('assistants, connections, settings and users can be read', async ({ admin, library, signIn }) => {
  const page = await signIn(admin);
  await page.goto('/assistants');
  await expect(page.getByRole('main')).toContainText('Every knowledge base you may read');
  await page.goto(`/assistants/${library.assistant}`);
  await expect(page.getByRole('textbox', { name: 'Prompt template' })).toHaveValue(/\{question\}/);
  await expect(page.getByRole('spinbutton', { name: 'Passages', exact: true })).toHaveValue(/\d+/);
  await expect(page.getByRole('region', { name: 'Versions' })).toContainText('Version 1');
  await page.goto('/connections');
  await expect(page.getByRole('heading', { level: 1, name: 'Connections' })).toBeVisible();
  await page.goto('/settings');
  await expect(page.getByRole('region', { name: 'Profile' })).toContainText(admin.email);
  await expect(page.getByRole('region', { name: 'Sessions' })).toContainText('This browser');
  await page.goto('/admin/users');
  await page.getByRole('searchbox', { name: 'Name or email' }).fill(admin.email);
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(1);
  // What cannot be done without JavaScript does not pretend that it can.
  await expect(page.getByRole('button', { name: 'Add a user' })).toBeDisabled();
});

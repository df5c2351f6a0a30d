import { expect, test } from '../../fixtures.ts';

test('a form that is refused keeps what was typed, and the focus is where something is wrong', async ({ page }) => {
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill('Vera Void');
  await page.getByLabel('Email').fill(`${crypto.randomUUID()}@example.org`);
  await page.getByLabel('Password').fill('password12');
  await page.getByRole('button', { name: 'Sign up' }).click();

  const password = page.getByLabel('Password');
  await expect(password).toHaveAccessibleDescription(/easily guessed/);
  await expect(password).toBeFocused();
  await expect(password).toHaveValue('');
  await expect(page.getByLabel('Name')).toHaveValue('Vera Void');
});

test('the menu of a narrow screen opens without JavaScript', async ({ page, signIn, library }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  await signIn(library.owner);
  await page.goto('/');
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
});

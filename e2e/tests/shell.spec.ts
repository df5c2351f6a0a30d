import { expect, test } from '../fixtures.ts';
import { hydrated } from '../journeys.ts';
import { pages } from '../pages.ts';

for (const { name, path, signedIn } of pages) {
  test(`${name} comes to life without a word of complaint from the browser`, async ({ page, signIn, library }) => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    if (signedIn) await signIn(library.owner);
    await page.goto(path(library));
    await hydrated(page);
    expect(complaints).toEqual([]);
  });
}

test('the first page is few requests, and those that never change are asked for once', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto('/sign-in');
  await hydrated(page);
  expect(asked.length).toBeLessThan(12);

  asked.length = 0;
  await page.reload();
  await hydrated(page);
  const again = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter((entry) => entry.name.includes('/site/') && (entry as PerformanceResourceTiming).transferSize > 0)
      .map((entry) => entry.name),
  );
  expect(again).toEqual([]);
});

test('the keyboard reaches the content first, and each page after it was chosen', async ({ page, signIn, library }) => {
  await signIn(library.owner);
  await page.goto('/');
  await hydrated(page);
  await page.locator('body').press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();

  await page.getByRole('link', { name: 'Settings' }).focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/settings');
  await expect(page.getByRole('main')).toBeFocused();
  await expect(page.getByRole('link', { name: 'Settings' })).toHaveAttribute('aria-current', 'page');
});

test('on a narrow screen the menu opens, leads on and closes behind', async ({ page, signIn, library }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  await signIn(library.owner);
  await page.goto('/');
  await hydrated(page);
  const link = page.getByRole('link', { name: 'Assistants' });
  await expect(link).toBeHidden();
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await link.click();
  await expect(page).toHaveURL('/assistants');
  await expect(link).toBeHidden();
});

test('losing the connection is said, and finding it again too', async ({ page, context, signIn, library }) => {
  await signIn(library.owner);
  await page.goto('/');
  await hydrated(page);
  const note = page.getByText('What you see may be old');
  await context.setOffline(true);
  await expect(note).toBeVisible();
  await context.setOffline(false);
  await expect(note).toBeHidden();
});

test('a wrong password is told, the address is kept and the page still reacts', async ({ page, admin }) => {
  await page.goto('/sign-in?next=/settings');
  await hydrated(page);
  await page.getByLabel('Email').fill(admin.email);
  await page.getByLabel('Password').fill('not the right one');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await expect(page.getByRole('alert')).toContainText('password is wrong');
  await hydrated(page);
  await expect(page).toHaveURL('/sign-in?next=%2Fsettings');
  await expect(page.getByLabel('Email')).toHaveValue(admin.email);
  await page.getByLabel('Password').fill(admin.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/settings');
});

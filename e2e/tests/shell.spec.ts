import { expect, test } from '../fixtures.ts';
import { hydrated } from '../journeys.ts';
import { pages } from '../pages.ts';

for (const { name, path, signedIn } of pages) {
  test(`${name} comes up without a word of complaint from the browser`, async ({ page, signIn, library }) => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    if (signedIn) await signIn(library.owner);
    await page.goto(path(library), { waitUntil: 'networkidle' });
    if (signedIn) await hydrated(page);
    expect(complaints).toEqual([]);
  });
}

test('pages are few requests, and those that never change are asked for once', async ({ page, signIn, library }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto('/sign-in', { waitUntil: 'networkidle' });
  expect(asked.filter((path) => !/\.(css|svg)$/.test(path))).toEqual(['/sign-in']);

  await signIn(library.owner);
  asked.length = 0;
  await page.goto('/');
  await hydrated(page);
  expect(asked.length).toBeLessThan(12);

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

test('a wrong password is told, and what else was typed is kept', async ({ page, admin }) => {
  await page.goto('/sign-in?next=/settings');
  await page.getByLabel('Email').fill(admin.email);
  await page.getByLabel('Password').fill('not the right one');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await expect(page.getByRole('alert')).toContainText('password is wrong');
  await expect(page).toHaveURL('/sign-in?next=%2Fsettings');
  await expect(page.getByLabel('Email')).toHaveValue(admin.email);
  await page.getByLabel('Password').fill(admin.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/settings');
});
